"""What the name of an input of a ComfyUI node tells about what comes in."""

from __future__ import annotations

import re

_LONGEST = 80
_MOST_KNOWN = 2000


class Names(dict[str, bool]):
    """Whether a pattern matches a name as a whole, by name.

    The same few hundred names come again and again: they are looked up, not matched.
    """

    def __init__(self, pattern: str) -> None:
        super().__init__()
        self._pattern = re.compile(pattern, re.IGNORECASE)

    def __missing__(self, name: str) -> bool:
        if len(name) > _LONGEST:
            return False
        if len(self) >= _MOST_KNOWN:
            self.clear()
        self[name] = self._pattern.fullmatch(name) is not None
        return self[name]


#: Inputs that bring the model itself; `model_patch` or `motion_model` bring something for it.
MODEL = Names(r"(?:base_|diffusion_|patched_|source_)?(?:model|unet)"
              r"(?:_?\d+|_opt|_override|_(?:high|low|base)\w*)?|transformer")
#: Inputs that bring many values as one.
BUNDLE = Names(r".*(?:pipe|ctx|context|bus|tuple)(?:_\w+|\d+)?|dependencies")
#: Inputs of nodes that pass on whatever they get.
ANYTHING = Names(r"any.*|input_?\d*|value_?\d*|source|data|\*|")
