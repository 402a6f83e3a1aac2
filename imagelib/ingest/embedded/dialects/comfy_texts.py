"""The prompt that arrives at a sampler of a ComfyUI graph: text nodes are followed and joined.

Some texts are made only while the graph runs, by a language model or one that describes
pictures. Then the user's own words are told, where they can be told from instructions, or
what a node that shows texts kept of the run.
"""

from __future__ import annotations

import re
from typing import Any

from imagelib.ingest.embedded.dialects.comfy_graph import Graph, Inputs, plain
from imagelib.ingest.embedded.dialects.comfy_names import ANYTHING, BUNDLE, MODEL, Names
from imagelib.ingest.embedded.values import as_int, is_placeholder, is_weights_file

_DEEPEST = 60
_MOST_NODES = 1000
#: Of all texts of a graph, in nodes and links.
_STEPS_ALLOWED = 10_000
_MOST_ROLES = 10

_UNWANTED = Names(r".*(?:neg|uncond).*")
_WANTED = Names(r"(?!empty|.*(?:neg|uncond))"
                r"(?:(?:\w+_)?pos(?:itive)?(?:_.*)?|(?:\w+_)?cond(?!_scale).*)")
_EMBEDS = Names(r"(?!.*(?:image|clip|vision|pose|audio|control|face|id_)).*embeds")
_CONDITIONS = Names(r"(?:\w+_)?cond.*|(?:\w+_)?regions?|(?:text_)?embeds")
_SAID = {which: Names(r"(?:\w+_)?" + which + r"(?:_(?:prompt|text|string|[gl]))?")
         for which in ("positive", "negative")}
#: Inputs that never bring text.
_NOT_TEXT = Names(
    r".*model.*|clip(?:_?\d|_vision.*|_skip.*|_name.*)?|.*vae.*|.*(?:image|video|audio|frame|mask).*"
    r"|.*pixels|samples|.*latent.*|control_?net.*|.*seed.*|lora.*|noise|.*sigmas|.*sampler.*"
    r"|.*system.*|index|select|switch|strength.*|width|height|length|fps|batch.*|.*size|duration"
    r"|scale.*|.*bbox.*|steps|cfg|denoise")
_TEXTS = (
    "text", "text_g", "prompt", "t5xxl", "populated_text", "wildcard_text", "clip_g", "clip_l",
    "text_l", "llama", "user_prompt", "string", "value", "result", "instruction",
)
#: Inputs under which a node has a text of its own, if none of the names above is there.
_TEXTUAL = Names(r"(?:\w+_)?(?:text|prompt|string)s?|string|caption|description")
_NO_PROMPT = Names(
    r".*(?:system|region|target|exclude|replace|search|find|multiline|style|lora|wildcard|file).*")
_JOINED = Names(r"(?:text|string|str|prompt|input|value)_?(?:[a-h]|\d{1,2})")
#: What only a node that makes text has beside its input.
_MAKES_TEXT_ANYHOW = Names(
    r"system(?:_?(?:prompt|message|instructions?|text|content))?|top_[pk]|num_beams"
    r"|max_(?:new_|output_)?(?:tokens?|length)|.*temperature")
_MAKES_TEXT = Names(
    r"keep_alive|api|api_?key|(?:llm_?)?model(?:_name)?|llm.*|token_limit|chat.*")
_ASKED = ("prompt", "user_prompt", "input_prompt", "seed_prompt", "text", "input_text",
          "text_input", "input", "user_message", "message", "question", "query", "string", "value")
_FOR_PICTURES = Names(
    r".*(?:vae|cond|positive|negative|latent|control_?net|clip).*|model|samples")
_LOOKED_AT = Names(r"(?:image|video|pixels).*")
_RESULT = Names(r"(?:text|string|output|result|value|preview|display\w*|shown?\w*)_?0*\d?")
_ZIPPED = re.compile(r"^[ \t]*(positive|negative|name)[ \t]*:", re.I | re.M)
_BLOCKS = re.compile(r"^-{3,}[ \t]*$", re.M)


def role_names(inputs: Inputs, which: str) -> list[str]:
    """The inputs that bring the *which* ("positive" or "negative") prompt, likeliest first.

    The role stands in the name: samplers and guiders say `positive`, `cond1`,
    `conditioning`, `base_negative`, `uncond` and more.
    """
    role = _UNWANTED if which == "negative" else _WANTED
    found = [name for name, value in inputs.items()
             if role[name] and isinstance(value, (list, str))]
    return found if len(found) < 2 else sorted(
        found, key=lambda name: (which not in name.lower(), name != which, len(name), name))


class Texts:
    """The texts of one graph."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._seen: set[str] = set()
        self._made = 0
        self._steps = _STEPS_ALLOWED

    def text(self, value: Any, which: str) -> str:
        """The prompt that arrives at an input with *value*; *which* is positive or negative."""
        self._seen = set()
        text = _unzip(self._read(value, which, 0, own=False), which, 0).strip()
        return "" if is_placeholder(text) else text

    def prompt(self, path: list[str], which: str) -> str:
        """The prompt of the first node along *path* that has one."""
        for node_id in path:
            inputs = self._graph.inputs(node_id)
            names = role_names(inputs, which)
            for name in names[:_MOST_ROLES]:
                if text := self.text(inputs[name], which):
                    return text
            if names and which == names[0]:
                return ""  # said, and empty
            names = [name for name in inputs if _EMBEDS[name]]
            if which == "positive":
                names += ["prompt", "text"]
            for name in names:
                if name in inputs and (text := self.text(inputs[name], which)):
                    return text
        return ""

    def _read(self, value: Any, which: str, depth: int, *, own: bool) -> str:
        if not isinstance(value, list):
            value = plain(value)
            return value if isinstance(value, str) else ""
        node_id = self._graph.source(value)
        if (node_id is None or node_id in self._seen or depth > _DEEPEST
                or len(self._seen) > _MOST_NODES or self._steps < 0):
            return ""
        self._steps -= 1 + len(self._graph.inputs(node_id))
        self._seen.add(node_id)
        if "zeroout" in self._graph.kind(node_id).lower():
            return ""  # ConditioningZeroOut: its text has no effect
        inputs = self._graph.inputs(node_id)
        if _makes_text(inputs) or self._graph.only_text(node_id):
            self._made += 1
            return self._asked(inputs, which, depth)
        return self._of_node(inputs, which, depth, own=own)

    def _of_node(self, inputs: Inputs, which: str, depth: int, *, own: bool) -> str:
        if shown := self._kept(inputs, which, depth, own):
            return shown
        # A node that passes conditioning on may have a text of its own for a region (GLIGEN).
        passed = _passed(inputs, which)
        if passed and (found := self._all(passed, "\n", which, depth, own)):
            return found
        other = "negative" if which == "positive" else "positive"
        rest = [v for name, v in inputs.items()
                if isinstance(v, list) and other not in name.lower() and not _NOT_TEXT[name]]
        if own and (found := self._own(inputs, rest, which, depth)):
            return found
        named = [name for name, v in inputs.items()
                 if _SAID[which][name] and isinstance(v, (str, list))]
        # What is said to be the negative prompt and is empty is not the other one.
        for name in sorted(named, key=len) or _TEXTS:
            if name in inputs and (found := self._shown(name, inputs, which, depth, own)):
                return self._replaced(found, inputs)
        if named and not any(isinstance(inputs[name], list) for name in named):
            return ""
        parts = [v for name, v in inputs.items() if _JOINED[name]]
        if parts and (found := self._all(parts, _delimiter(inputs), which, depth, own)):
            return found
        if found := self._all(rest, "\n", which, depth, own):
            index = as_int(self._graph.literal(inputs.get("index"), "index"))
            return found if index is None else _unzip(found, which, index)
        return next((v for name, v in inputs.items() if isinstance(v, str)
                     and _TEXTUAL[name] and not _NO_PROMPT[name]), "")

    def _own(self, inputs: Inputs, rest: list[Any], which: str, depth: int) -> str:
        """The user's words before a node that makes text: instructions come first, and are
        rather written in the node itself than linked to it."""
        joined = sorted((name for name in inputs if _JOINED[name]),
                        key=lambda name: (isinstance(inputs[name], list), name), reverse=True)
        values = [inputs[name] for name in joined] if len(joined) > 1 else rest
        texts = (self._read(value, which, depth + 1, own=True) for value in values)
        return next((text for text in texts if text), "")

    def _all(self, values: list[Any], joint: str, which: str, depth: int, own: bool) -> str:
        texts = [self._read(item, which, depth + 1, own=own) for item in values]
        return joint.join(dict.fromkeys(text for text in texts if text))

    def _shown(self, name: str, inputs: Inputs, which: str, depth: int, own: bool) -> str:
        """The text at an input, or what the node kept of the run where it was made only then."""
        made = self._made
        found = self._read(inputs[name], which, depth + 1, own=own)
        if isinstance(inputs[name], list) and (not found or self._made > made):
            kept = next((v for key, v in inputs.items() if key != name and isinstance(v, str)
                         and v and _RESULT[key]), "")
            return kept or found
        return found

    def _kept(self, inputs: Inputs, which: str, depth: int, own: bool) -> str:
        """The text of a node that shows anything, and may keep what it showed before."""
        linked = [name for name, value in inputs.items() if isinstance(value, list)]
        if len(linked) != 1 or not linked[0] or not ANYTHING[linked[0]]:
            return ""
        return self._shown(linked[0], inputs, which, depth, own)

    def _asked(self, inputs: Inputs, which: str, depth: int) -> str:
        """What the user gave to a node that makes text: linked words before an instruction."""
        names = [name for name in (f"{which}_prompt", which, *_ASKED) if name in inputs]
        for name in names:
            if isinstance(inputs[name], list) and (
                    found := self._read(inputs[name], which, depth + 1, own=True)):
                return found
        if any(isinstance(v, list) and _LOOKED_AT[k] for k, v in inputs.items()):
            return ""  # "Describe this picture."
        return next((v for name in names if isinstance(v := plain(inputs[name]), str) and v), "")

    def _replaced(self, text: str, inputs: Inputs) -> str:
        """*text* after a plain replacement, if the node is one."""
        if "find" in inputs and "replace" in inputs:
            old, new = (self._graph.literal(inputs[name]) for name in ("find", "replace"))
            if isinstance(old, str) and isinstance(new, str) and old:
                return text.replace(old, new)
        return text


def _passed(inputs: Inputs, which: str) -> list[Any]:
    """The links of a node that bring the conditioning which it changes."""
    exact = [v for name, v in inputs.items()
             if name in (which, f"base_{which}") and isinstance(v, list)]
    if exact:
        return exact
    return [v for name, v in inputs.items() if isinstance(v, list) and _CONDITIONS[name]]


def _makes_text(inputs: Inputs) -> bool:
    """Whether a node makes its text while it runs; one that encodes text has a CLIP as a rule."""
    if any(_MAKES_TEXT_ANYHOW[name] for name in inputs):
        return True
    if any(name.startswith(("clip", "t5")) for name in inputs):
        return False
    linked = [name for name, value in inputs.items() if isinstance(value, list)]
    if any(_LOOKED_AT[name] for name in linked) and not any(_FOR_PICTURES[name] for name in linked):
        return True
    return any(
        _MAKES_TEXT[name] and not is_weights_file(value)
        # A link to a model of pictures is passed on by nodes that fill in wildcards.
        and not (isinstance(value, list) and MODEL[name] and "positive" in inputs)
        for name, value in inputs.items()
    ) and not any(BUNDLE[name] for name in inputs)


def _delimiter(inputs: Inputs) -> str:
    for name in ("delimiter", "separator"):
        if isinstance(inputs.get(name), str):
            return str(inputs[name]).replace("\\n", "\n")
    return ", "


def _unzip(text: str, which: str, index: int) -> str:
    """The *which* part of prompts that are written as one: `positive: ...`, `negative: ...`.

    Several are parted by a line of hyphens (ComfyUI-Inspire-Pack); *index* counts them.
    """
    if not _ZIPPED.match(text):
        return text
    blocks = [block for block in _BLOCKS.split(text) if block.strip()]
    block = blocks[index % len(blocks)]
    pieces = _ZIPPED.split(block)
    found = [part for name, part in zip(pieces[1::2], pieces[2::2], strict=True)
             if name.lower() == which]
    return found[0].strip() if found else ""
