"""Pages that scripts build, for `bench.render`: small apps of real frameworks, and pages that are hard to wait for.

The frameworks' own builds are read from a folder of npm's:

    npm install --prefix FOLDER react@18 react-dom@18 vue@3 vue2@npm:vue@2 preact@10 alpinejs petite-vue \
        mithril jquery angular@1 backbone underscore knockout inferno@8 hyperapp
"""

import json
from pathlib import Path

from msgspec import Struct

from fixtures.site import Answer, Site

PARAGRAPHS = 40
TEXT = [
    f"Paragraph {number} of the words that the app has fetched and written." for number in range(PARAGRAPHS)
]
HTML, SCRIPT, JSON = (
    {"content-type": f"{kind}; charset=utf-8"}
    for kind in ("text/html", "text/javascript", "application/json")
)
_GET = "fetch('/api/items.json').then((r) => r.json())"


class App(Struct, frozen=True):
    """A framework's builds, and an app that fetches its items and shows each as a paragraph."""

    builds: list[str]
    code: str
    body: str = "<div id=app></div>"
    module: str = ""


APPS = {
    "react": App(
        ["react/umd/react.production.min.js", "react-dom/umd/react-dom.production.min.js"],
        "const h = React.createElement; const A = () => { const [items, set] = React.useState([]);"
        f"React.useEffect(() => {{ {_GET}.then(set) }}, []);"
        "return h('main', null, items.map((t, i) => h('p', {key: i}, t))) };"
        "ReactDOM.createRoot(document.getElementById('app')).render(h(A))",
    ),
    "vue-3": App(
        ["vue/dist/vue.global.prod.js"],
        "Vue.createApp({data: () => ({items: []}), template: '<main><p v-for=\"t in items\">{{ t }}</p></main>',"
        f"mounted() {{ {_GET}.then((items) => this.items = items) }}}}).mount('#app')",
    ),
    "vue-2": App(
        ["vue2/dist/vue.min.js"],
        "new Vue({el: '#app', data: {items: []}, template: '<main><p v-for=\"t in items\">{{ t }}</p></main>',"
        f"mounted() {{ {_GET}.then((items) => this.items = items) }}}})",
    ),
    "preact": App(
        ["preact/dist/preact.umd.js"],
        "const {h, render} = preact;"
        f"{_GET}.then((items) => render(h('main', null, items.map((t) => h('p', null, t))),"
        "document.getElementById('app')))",
    ),
    "alpine": App(
        ["alpinejs/dist/cdn.min.js"],
        "",
        f'<main x-data="{{items: []}}" x-init="items = await ({_GET})">'
        "<template x-for='t in items'><p x-text='t'></p></template></main>",
    ),
    "petite-vue": App(
        ["petite-vue/dist/petite-vue.iife.js"],
        f"PetiteVue.createApp({{items: [], load() {{ {_GET}.then((items) => this.items = items) }}}}).mount()",
        "<main v-scope @vue:mounted='load'><p v-for='t in items'>{{ t }}</p></main>",
    ),
    "mithril": App(
        ["mithril/mithril.min.js"],
        "let items = []; m.mount(document.getElementById('app'), {"
        "oninit: () => m.request('/api/items.json').then((all) => { items = all }),"
        "view: () => m('main', items.map((t) => m('p', t)))})",
    ),
    "jquery": App(
        ["jquery/dist/jquery.min.js"],
        "$.getJSON('/api/items.json', (items) => items.forEach((t) => $('<p>').text(t).appendTo('#app')))",
    ),
    "angularjs": App(
        ["angular/angular.min.js"],
        "angular.module('a', []).controller('c', ($scope, $http) => {"
        "$http.get('/api/items.json').then((r) => { $scope.items = r.data }) })",
        "<main ng-app=a ng-controller=c><p ng-repeat='t in items'>{{ t }}</p></main>",
    ),
    "backbone": App(
        ["jquery/dist/jquery.min.js", "underscore/underscore-umd-min.js", "backbone/backbone-min.js"],
        "const V = Backbone.View.extend({el: '#app', render() { this.$el.html(_.map(this.collection.toJSON(), (t) =>"
        "'<p>' + t.text + '</p>').join('')) }}); const C = new (Backbone.Collection.extend({url: '/api/items.json',"
        "parse: (all) => all.map((text) => ({text}))})); const v = new V({collection: C});"
        "C.fetch({success: () => v.render()})",
    ),
    "knockout": App(
        ["knockout/build/output/knockout-latest.js"],
        f"const items = ko.observableArray(); ko.applyBindings({{items}}); {_GET}.then(items)",
        "<main data-bind='foreach: items'><p data-bind='text: $data'></p></main>",
    ),
    "inferno": App(
        ["inferno/dist/inferno.min.js"],
        f"{_GET}.then((items) => Inferno.render(Inferno.createVNode(1, 'main', null, items.map((t) =>"
        "Inferno.createVNode(1, 'p', null, Inferno.createTextVNode(t), 2)), 4), document.getElementById('app')))",
    ),
    "hyperapp": App(
        ["hyperapp/index.js"],
        "",
        module="import {app, h, text} from '/build/hyperapp/index.js';"
        f"app({{init: [{{items: []}}, [(dispatch) => {_GET}.then((items) => dispatch(() => ({{items}})))]],"
        "view: ({items}) => h('main', {}, items.map((t) => h('p', {}, text(t)))),"
        "node: document.getElementById('app')})",
    ),
}

_WRITE = "document.getElementById('app').innerHTML = " + json.dumps(
    "".join(f"<p>{text}</p>" for text in TEXT)
)
# name -> code of a page that is not there at once
SLOW = {
    "timer of 1.5 s": f"setTimeout(() => {{ {_WRITE} }}, 1500)",
    "fetch of 2 s": f"fetch('/slow/2000/api/items.json').then(() => {{ {_WRITE} }})",
    "poller": f"{_WRITE}; setInterval(() => fetch('/api/items.json'), 150)",
    "ticker": f"{_WRITE}; const c = document.body.appendChild(document.createElement('i'));"
    "setInterval(() => { c.textContent = new Date().toISOString() }, 50)",
    "shadow DOM": "customElements.define('x-a', class extends HTMLElement { connectedCallback() {"
    f"this.attachShadow({{mode: 'open'}}).innerHTML = '<div id=app></div>'; const document = "
    f"{{getElementById: () => this.shadowRoot.firstChild}}; {_WRITE} }} }});"
    "document.body.append(document.createElement('x-a'))",
}
HOSTILE = {
    "spin": "for (;;) {}",
    "hang": "const r = new XMLHttpRequest(); r.open('GET', '/held/never/x', false); r.send()",
    "hog": "const a = []; setInterval(() => {"
    "for (let i = 0; i < 20; i++) a.push(new Uint8Array(2 ** 20).fill(7)) }, 1)",
}


def put_pages(site: Site, packages: Path | None) -> list[str]:
    """Serve every page at `/<name>`; returns the names of those apps whose frameworks are there."""
    site.extra["/api/items.json"] = Answer(200, JSON, json.dumps(TEXT).encode())
    site.extra["/static"] = Answer(
        200, HTML, ("<title>Static</title>" + "".join(f"<p>{t}</p>" for t in TEXT)).encode()
    )
    for name, code in {**SLOW, **HOSTILE}.items():
        site.extra[f"/{_path(name)}"] = Answer(
            200, HTML, _page("<div id=app></div>", f"<script>{code}</script>")
        )
    there = []
    for name, app in APPS.items():
        if packages is None or not all((packages / build).is_file() for build in app.builds):
            continue
        there.append(name)
        for build in app.builds:
            site.extra[f"/build/{build}"] = Answer(200, SCRIPT, (packages / build).read_bytes())
        loads = "".join(f"<script src=/build/{build}></script>" for build in app.builds if not app.module)
        run = f"<script type=module>{app.module}</script>" if app.module else f"<script>{app.code}</script>"
        late = name == "alpine"  # it starts when it is loaded
        site.extra[f"/{name}"] = Answer(
            200, HTML, _page(app.body, loads.replace("<script", "<script defer") if late else loads + run)
        )
    return there


def address(site: Site, name: str) -> str:
    return f"{site.url}/{_path(name)}"


def is_whole(html: str) -> bool:
    return all(f"<p>{text}</p>" in html or f">{text}</p>" in html for text in TEXT)


def _path(name: str) -> str:
    return name.replace(" ", "-")


def _page(body: str, scripts: str) -> bytes:
    picture = "<img src=/picture.png width=600 height=400>"
    head = "<!DOCTYPE html><html lang=en><head><meta charset=utf-8><title>App</title></head>"
    return f"{head}<body>{body}{picture}{scripts}</body></html>".encode()
