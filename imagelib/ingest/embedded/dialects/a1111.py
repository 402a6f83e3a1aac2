"""Read the "infotext" of AUTOMATIC1111 and of everything that imitates it.

The prompt, a line `Negative prompt: ...`, and a last line `Steps: 20, Sampler: ...`
(AUTOMATIC1111/stable-diffusion-webui, modules/infotext_utils.py; Forge, reForge,
SD.Next, Civitai, Stability Matrix, ArtBot, savers of ComfyUI, Krita AI Diffusion, Fooocus).
Values may be quoted or JSON with commas inside. Keys repeat (hires, ADetailer): the first one
wins. Behind the negative prompt SD.Next has its templates on lines of their own. Some writers and
some containers (attributes of XMP) make spaces of the line breaks.
"""

from __future__ import annotations

import re
from typing import Any

from imagelib.ingest.embedded.record import EmbeddedMetadata, Lora
from imagelib.ingest.embedded.values import (
    as_date,
    as_dict,
    as_float,
    as_list,
    as_lora,
    as_seed,
    as_size,
    as_steps,
    as_text,
    base_name,
    is_weights_file,
    load_json,
    pick,
)

_PARAMETERS = re.compile(r"^[ \t]*Steps: ?\d", re.MULTILINE | re.IGNORECASE)
#: Where a text has no such line: settings that begin with others, and settings in the line of
#: the prompt. Prose says such things, too, so that several must follow.
_OTHER_PARAMETERS = re.compile(
    r"^[ \t]*(?:Sampler|Seed|CFG scale|Size|Model(?: hash)?|Version): ?[^\s,]", re.M | re.I)
_INLINE_PARAMETERS = re.compile(r"(?<!\w)Steps: ?\d{1,6}, ?(?=[A-Za-z][\w ]{0,30}:)")
_SETTINGS = frozenset({"steps", "sampler", "seed", "cfg scale", "size", "model", "model hash"})
#: One of these must follow, so that prose about steps is not taken for parameters.
_COMPANION = re.compile(r"\b(?:sampler|seed|cfg scale|guidance scale|size|model)\s*:", re.I)
_NEGATIVE = re.compile(r"^[ \t]*Negative prompt:", re.MULTILINE | re.IGNORECASE)
_INLINE_NEGATIVE = re.compile(r"(?<!\w)Negative prompt:", re.IGNORECASE)
_TEMPLATE = re.compile(r"^[ \t]*((?:Negative )?Template):", re.MULTILINE | re.IGNORECASE)
_KEY = re.compile(r"[\s,]*([A-Za-z_][\w \-/+.()]{0,60}?)[ \t]*:[ \t]*")
_QUOTED = re.compile(r'"((?:[^"\\]++|\\.)*+)"[ \t]*(?=,|$|\n)', re.DOTALL)
# A comma belongs to the value unless a key follows it.
_PLAIN = re.compile(r"[^,\n]*+(?:,(?![ \t]*[A-Za-z_][\w \-/+.()]{0,60}:)[^,\n]*+)*+")
_JSON_PARTS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
_LORA = re.compile(r"<(?:lora|lyco|lycoris):([^:<>\n]{1,200})(?::([^<>\n]{0,80}))?>", re.I)
#: Versions of Forge's kin that do not say its name, in lower case.
_FORGES = re.compile(r"neo\b|classic\b|f\d+\.")
_MOST_PAIRS = 300
#: Characters; every value is searched for its end, so this bounds the time.
_LONGEST_TAIL = 200_000
_MOST_LORAS = 100
#: Read into fields, or too long to be worth showing.
_NOT_EXTRA = frozenset({
    "steps", "sampler", "schedule type", "scheduler", "cfg scale", "guidance scale", "seed",
    "size", "model", "version", "created date", "civitai resources", "civitai metadata", "hashes",
    "lora hashes", "lora weights", "ti hashes", "raw prompt", "raw negative prompt", "app",
    "unet", "diffusion model", "checkpoint",
})
_OUR_NAMES = {"denoising strength": "denoising", "distilled cfg scale": "distilled_cfg"}


def read_infotext(text: str, tool: str = "", key: str = "") -> EmbeddedMetadata | None:
    """Read *text*, or return None where it is no infotext.

    *tool* is what the file says elsewhere of the program that wrote it, *key* where it stood.
    """
    text = text.replace("\r\n", "\n")
    split = _split(text)
    if split is None:
        return None
    prompt, negative, pairs = split
    tool = tool or _tool(pairs)
    prompt, negative = _take_templates(prompt, negative, pairs, tool)
    extra = _extra(pairs)
    loras = _loras(prompt, pairs)
    if tool.startswith("Fooocus"):
        # Its text has the expanded prompts; what the user typed stands among the parameters.
        for name, expanded in (("full_prompt", prompt), ("full_negative_prompt", negative)):
            extra[name] = expanded.strip()[:4000]
        prompt = pairs.get("raw prompt", prompt)
        negative = pairs.get("raw negative prompt", negative)
    return EmbeddedMetadata(
        tool=tool,
        prompt=prompt.strip(),
        negative_prompt=negative.strip(),
        model=base_name(pick(pairs, "model", "unet", "diffusion model", "checkpoint"))
        or _civitai_model(pairs),
        seed=as_seed(pairs.get("seed")),
        steps=as_steps(pairs.get("steps")),
        sampler=pairs.get("sampler", ""),
        scheduler=pairs.get("schedule type") or pairs.get("scheduler", ""),
        cfg_scale=as_float(pick(pairs, "cfg scale", "guidance scale")),
        size=as_size(pairs.get("size", "")),
        loras=loras,
        version="" if pairs.get("version") == tool else pairs.get("version", ""),
        captured_at=as_date(pairs.get("created date")),
        extra=extra,
        sources={"record": key} if key else {},
    )


def _split(text: str) -> tuple[str, str, dict[str, str]] | None:
    """Prompt, negative prompt and parameters of *text*; None where it has no parameters."""
    lines = [found.start() for found in _PARAMETERS.finditer(text)]
    if lines:
        if not _COMPANION.search(text, lines[-1]):
            return None
        return (*_split_prompts(text[: lines[-1]], _NEGATIVE), _pairs_from(text, lines[-1]))
    for begin, negative in ((_OTHER_PARAMETERS, _NEGATIVE),
                            (_INLINE_PARAMETERS, _INLINE_NEGATIVE)):
        starts = [found.start() for found in begin.finditer(text)]
        # A graph in JSON may quote an infotext, which is not that of the picture.
        if not starts or text.lstrip()[:1] + text.rstrip()[-1:] in ("{}", "[]"):
            continue
        pairs = _pairs_from(text, starts[-1])
        if "seed" in pairs and len(_SETTINGS & pairs.keys()) >= 3:
            return (*_split_prompts(text[: starts[-1]], negative), pairs)
    return None


def _pairs_from(text: str, start: int) -> dict[str, str]:
    return _read_pairs(text[start : start + _LONGEST_TAIL])


def _split_prompts(head: str, negative: re.Pattern[str]) -> tuple[str, str]:
    found = negative.search(head)
    return (head[: found.start()], head[found.end() :]) if found else (head, "")


def _take_templates(
    prompt: str, negative: str, pairs: dict[str, str], tool: str
) -> tuple[str, str]:
    """Move what SD.Next puts behind the prompts, what they were before wildcards, to *pairs*.

    Elsewhere such a line before the negative prompt is the user's own.
    """
    if found := _TEMPLATE.search(negative):
        rest, negative = negative[found.start() :], negative[: found.start()]
    elif tool == "SD.Next" and (found := _TEMPLATE.search(prompt)):
        rest, prompt = prompt[found.start() :], prompt[: found.start()]
    else:
        return prompt, negative
    parts = _TEMPLATE.split(rest)[1:]
    for name, template in zip(parts[::2], parts[1::2], strict=True):
        pairs.setdefault(name.lower(), template.strip())
    return prompt, negative


def _read_pairs(text: str) -> dict[str, str]:
    """The parameters by lower-case key. Dynamic Prompts adds its template on lines of its own."""
    pairs: dict[str, str] = {}
    at = 0
    balanced = True
    for _ in range(_MOST_PAIRS):
        key = _KEY.match(text, at)
        if key is None:
            after = text.find(",", at)
            if after < 0:
                break
            at = after + 1
            continue
        name = key[1].lower()
        if name.endswith("template"):  # the rest of the text, commas and lines included
            pairs.setdefault(name, text[key.end() :].strip())
            break
        begin = key.end()
        if balanced and text.startswith(("{", "["), begin):
            at = _json_end(text, begin)
            # Once is enough: brackets without an end are searched for up to the end.
            balanced = at > 0
            if balanced:
                pairs.setdefault(name, text[begin:at])
                continue
        value, at = _read_value(text, begin)
        pairs.setdefault(name, value)
    return pairs


def _read_value(text: str, at: int) -> tuple[str, int]:
    """The value at *at*, and where it ends."""
    if text.startswith('"', at) and (quoted := _QUOTED.match(text, at)):
        inner = quoted[1]
        if "\\" in inner:
            inner = as_text(load_json(f'"{inner}"')) or inner
        return inner, quoted.end()
    plain = _PLAIN.match(text, at)
    assert plain is not None  # the pattern matches nothing as well
    return plain[0].strip(), plain.end()


def _json_end(text: str, at: int) -> int:
    """Where the JSON that begins at *at* ends, or 0 where it does not."""
    depth = 0
    for part in _JSON_PARTS.finditer(text, at):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(part[0], 0)
        if depth == 0:
            return part.end()
    return 0


def _tool(pairs: dict[str, str]) -> str:
    """Which program wrote the parameters; the manifests of their versions differ."""
    version = pairs.get("version", "")
    lower = version.lower()
    if lower.startswith("fooocus"):
        return "FooocusPlus" if lower.startswith("fooocusplus") else "Fooocus"
    if pairs.get("app", "").lower().startswith("sd.next") or "operations" in pairs:
        return "SD.Next"
    if "created date" in pairs or "civitai metadata" in pairs:
        return "Civitai"
    if "reforge" in lower or lower.startswith("f1."):
        return "reForge"
    if "forge" in lower or _FORGES.match(lower):
        return "Forge"
    if lower.startswith("stable-diffusion.cpp"):
        return "stable-diffusion.cpp"
    if pairs.get("model hash") == "unknown" and " - " in pairs.get("sampler", ""):
        return "Krita AI Diffusion"  # its samplers are "preset - name", its hashes this very word
    if "comfyui" in lower or (not version and is_weights_file(pairs.get("model"))):
        # AUTOMATIC1111 never writes the extension; savers of ComfyUI do.
        return "ComfyUI"
    return "Fooocus" if "raw prompt" in pairs else "AUTOMATIC1111"


def _extra(pairs: dict[str, str]) -> dict[str, str | int | float]:
    extra: dict[str, str | int | float] = {}
    for name, value in pairs.items():
        if name in _NOT_EXTRA or not value or len(extra) >= 60:
            continue
        if value[0] in "{[" and not name.endswith("template"):
            continue
        number = as_float(value)
        shown = value[:1000] if number is None or name.endswith("hash") else number
        if isinstance(shown, float) and shown.is_integer() and abs(shown) < 2**53:
            shown = int(shown)
        extra[_OUR_NAMES.get(name, re.sub(r"\W+", "_", name).strip("_"))] = shown
    return extra


def _civitai_resources(pairs: dict[str, str]) -> list[dict[str, Any]]:
    if "civitai resources" not in pairs:
        return []
    return [as_dict(item) for item in as_list(load_json(pairs["civitai resources"]))]


def _civitai_model(pairs: dict[str, str]) -> str:
    for resource in _civitai_resources(pairs):
        if resource.get("type") == "checkpoint":
            return base_name(resource.get("modelName"))
    return ""


def prompt_loras(prompt: str) -> tuple[Lora, ...]:
    """The LoRAs that a prompt calls with `<lora:name:weight>`."""
    loras: dict[str, Lora] = {}
    if "<" not in prompt:
        return ()
    for name, weights in _LORA.findall(prompt):
        # Either one number, or several such as `te=0.8:unet=0.6`.
        weight = re.split(r"[:,]", weights)[0].rpartition("=")[2]
        for lora in as_lora(name, weight):
            loras.setdefault(lora.name, lora)
        if len(loras) >= _MOST_LORAS:
            break
    return tuple(loras.values())


def _loras(prompt: str, pairs: dict[str, str]) -> tuple[Lora, ...]:
    loras = {lora.name: lora for lora in prompt_loras(prompt)}
    named = pairs.get("lora weights") or pairs.get("lora hashes", "")
    for entry in named.split(",")[:_MOST_LORAS]:
        name, _, value = entry.rpartition(":")
        weight = value if "lora weights" in pairs else None
        for lora in as_lora(name.strip(), weight):
            loras.setdefault(lora.name, lora)
    for resource in _civitai_resources(pairs)[:_MOST_LORAS]:
        if resource.get("type") in ("lora", "lycoris", "locon", "dora"):
            for lora in as_lora(resource.get("modelName"), resource.get("weight")):
                loras.setdefault(lora.name, lora)
    return tuple(loras.values())
