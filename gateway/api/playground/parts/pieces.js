"use strict";
// The outline, and a page read piece by piece.
let earlier = [];     // requests of the pieces before this one

function showOutline() {
  const headings = [...$("markdown").querySelectorAll(".heading")];
  const most = Math.max(1, ...page.outline.map((section) => section.tokens));
  let at = 0;
  $("sections").replaceChildren(...page.outline.map((section) => {
    const row = make("tr"), name = make("td"), share = make("td"), bar = make("div", "", "bar"), part = make("span");
    const there = headings.findIndex((line, index) => index >= at && line.textContent.trim().indexOf(" ") === section.level);
    const heading = there < 0 ? null : headings[there];
    if (heading) at = there + 1;
    const jump = make("button", section.heading || "(no heading)");
    jump.type = "button";
    jump.addEventListener("click", () => jumpTo(heading, section));
    name.style.paddingLeft = `${(section.level - 1) * .8}rem`;
    name.append(jump);
    part.style.width = `${100 * section.tokens / most}%`;
    bar.append(part);
    share.append(bar);
    row.append(name, share, make("td", number.format(section.tokens), "count"));
    return row;
  }));
}

function jumpTo(heading, section) {
  if (!heading) { readPiece(section.cursor); return; }
  choose($("tab-raw"));
  for (const other of $("markdown").querySelectorAll(".here")) other.classList.remove("here");
  heading.classList.add("here");
  $("markdown").scrollTop = heading.offsetTop - $("markdown").offsetTop;
  $("markdown").focus();
}

function showPieces() {
  $("more").hidden = !page.next_cursor;
  $("less").hidden = !earlier.length;
}

async function readPiece(cursor) {
  const before = [...earlier, sent];
  if (await scrape({ ...sent, cursor })) { earlier = before; showPieces(); }
}
$("more").addEventListener("click", () => readPiece(page.next_cursor));
$("less").addEventListener("click", async () => {
  const before = earlier.slice(0, -1);
  if (await scrape(earlier.at(-1))) { earlier = before; showPieces(); }
});
