"""`winnow models`: the models that can be asked, and those of a hub that are on this machine."""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from gateway.cli.running import run

DONE, FAILED = 0, 1


def add_models(commands: Any) -> None:
    models = commands.add_parser(
        "models", help="the models that can be asked; pull, list and remove those of a hub"
    )
    models.set_defaults(run=_served)
    actions = models.add_subparsers(metavar="[pull|list|rm]")
    pull = actions.add_parser("pull", help="bring a GGUF model here, or go on where that was interrupted")
    pull.add_argument("name", metavar="hf:owner/repo[:file or quantisation]")
    pull.set_defaults(run=_with_folder(_pull))
    listed = actions.add_parser("list", help="the models that are here")
    listed.set_defaults(run=_with_folder(_list))
    removed = actions.add_parser("rm", help="remove a model's files")
    removed.add_argument("name", metavar="hf:owner/repo[:file or quantisation]")
    removed.set_defaults(run=_with_folder(_remove))


def _served(arguments: argparse.Namespace) -> int:
    async def here(services: Any) -> list[tuple[str, str, int | None]]:
        served = await services.completer.models()
        for name, fault in services.registry.unlisted().items():
            print(f"winnow: {name}: {fault}", file=sys.stderr)
        return [(name, route.backend.name, route.context_tokens) for name, route in served.items()]

    async def there(client: Any) -> list[tuple[str, str, int | None]]:
        return [(model.id, model.owned_by, model.context_length) for model in await client.models()]

    served = run("asking the backends", here=here, there=there)
    for name, backend, context in served:
        print(f"{name}\t{backend}" + (f"\t{context:,} tokens" if context else ""))
    if not served:
        ways = "WINNOW_REMOTE_URL or OPENAI_API_KEY, ANTHROPIC_API_KEY, or WINNOW_LOCAL_MODEL"
        where = " where the gateway runs" if os.environ.get("WINNOW_URL") else ""
        print(f"winnow: no model is configured or reachable; set {ways}{where}", file=sys.stderr)
    return DONE if served else FAILED


def _with_folder(act: Any) -> Any:
    """The command, given the folder of models; what goes wrong is said in a line."""

    def command(arguments: argparse.Namespace) -> int:
        from backends.local.hub import PullFailed
        from backends.local.source import NoSuchModel, default_models_dir
        from gateway.settings import load_settings

        settings = load_settings(os.environ)
        folder = Path(settings.models_dir) if settings.models_dir else default_models_dir()
        try:
            code: int = act(arguments, folder)
        except (NoSuchModel, PullFailed) as exc:
            print(f"winnow: {exc}", file=sys.stderr)
            return FAILED
        return code

    return command


def _pull(arguments: argparse.Namespace, folder: Path) -> int:
    from backends.local.hub import look_up, pull
    from backends.local.memory import in_words
    from backends.local.source import parse_hub_name

    model = look_up(parse_hub_name(arguments.name))
    names = ", ".join(file.path for file in model.files)
    print(
        f"{model.repo_id}: {names}, {in_words(model.size_bytes)}, licence: {model.licence or 'not stated'}",
        file=sys.stderr,
    )
    path = pull(model, folder, report=lambda line: print(line, file=sys.stderr))
    print(path)
    print(f"serve it: WINNOW_LOCAL_MODEL={arguments.name} winnow serve", file=sys.stderr)
    return DONE


def _list(arguments: argparse.Namespace, folder: Path) -> int:
    from backends.local.hub import stored_models
    from backends.local.memory import in_words

    stored = stored_models(folder)
    for model in stored:
        state = f"{in_words(model.missing_bytes)} to come" if model.missing_bytes else "whole"
        print(f"{model.name}\t{in_words(model.size_bytes)}\t{model.licence or 'no licence stated'}\t{state}")
    if not stored:
        print(f"no model is in {folder}; winnow models pull hf:owner/repo brings one", file=sys.stderr)
    return DONE


def _remove(arguments: argparse.Namespace, folder: Path) -> int:
    from backends.local.hub import remove
    from backends.local.memory import in_words
    from backends.local.source import parse_hub_name

    freed = remove(parse_hub_name(arguments.name), folder)
    print(f"{arguments.name} is removed, {in_words(freed)} are free", file=sys.stderr)
    return DONE
