"""Turn the drawn form of a ComfyUI graph into the form that runs.

The drawn form (`nodes`, `links`, ComfyUI_frontend) nests: a node may stand for a graph of
its own (`definitions.subgraphs`, earlier `extra.groupNodes`). It also has nodes that only
the page knows: reroutes, primitives, setters and getters, nodes that are muted or bypassed.
None of them runs, so links are followed through them here, and one reader answers for both
forms.
"""

from __future__ import annotations

import re
from typing import Any

from imagelib.ingest.embedded.dialects.comfy_groups import INPUTS, OUTPUTS, group_as_subgraph
from imagelib.ingest.embedded.dialects.comfy_widgets import (
    given_values,
    named_values,
    promoted_values,
)
from imagelib.ingest.embedded.values import as_dict, as_int, as_list, as_text

_MOST_NODES = 5000
_DEEPEST = 8
_MOST_LEVELS = 300
_MOST_INPUTS = 200
#: A subgraph may be used a thousand times: its links cost, too.
_LINKS_A_NODE = 20
#: Of one link, and of all.
_HOPS = 60
_STEPS_ALLOWED = 100_000
_MUTED, _BYPASSED = 2, 4
_LONGEST_KIND = 100
_PASSES_ON = re.compile(r"reroute.*|(?:.*[\s_:>/])?set_?node", re.I)
_SETTER = re.compile(r"(?:.*[\s_:>/])?set_?node", re.I)
_GETTER = re.compile(r"(?:.*[\s_:>/])?get_?node", re.I)
_PRIMITIVE = "PrimitiveNode"

Drawn = dict[str, Any]
Origin = tuple[str, int]
Nodes = dict[str, dict[str, Any]]


def read_workflow(workflow: Drawn) -> Nodes:
    """The nodes of the drawn graph *workflow* in the form that `Graph` takes.

    Nodes within a subgraph have the ids of all that they are in before their own:
    `57:27`, as ComfyUI writes them when it runs.
    """
    drawing = _Drawing(workflow)
    _Level(drawing, workflow, "", None)
    drawn: dict[str, tuple[Drawn, dict[str, Any]]] = {}
    feeds: dict[str, set[str]] = {}
    for level in drawing.levels:
        for node_id, node in level.nodes.items():
            if level.runs(node_id):
                links = level.links_into(node)
                drawn[level.prefix + node_id] = (node, links)
                for name, value in links.items():
                    if isinstance(value, list):
                        feeds.setdefault(value[0], set()).add(name)
    nodes: Nodes = {}
    for full_id, (node, links) in drawn.items():
        values = named_values(node, set(links), feeds.get(full_id, set()))
        promoted = drawing.promoted.get(full_id, {})
        nodes[full_id] = {"class_type": as_text(node.get("type")),
                          "inputs": values | promoted | links,
                          "outputs": [as_text(as_dict(slot).get("type"))
                                      for slot in as_list(node.get("outputs"))],
                          "_meta": {"title": as_text(node.get("title"))}}
    return nodes


class _Drawing:
    """What all levels of one drawn graph share; `promoted` has widgets that are shown outside."""

    def __init__(self, workflow: Drawn) -> None:
        subgraphs = as_list(as_dict(workflow.get("definitions")).get("subgraphs"))
        self.subgraphs = {as_text(s.get("id")): s for s in subgraphs if isinstance(s, dict)}
        self.groups = as_dict(as_dict(workflow.get("extra")).get("groupNodes"))
        self.levels: list[_Level] = []
        self.promoted: dict[str, dict[str, Any]] = {}
        self.nodes_left = _MOST_NODES
        self.steps_left = _STEPS_ALLOWED

    def within(self, node: Drawn) -> Drawn | None:
        """The graph that *node* stands for, or None."""
        kind = as_text(node.get("type"))
        if kind in self.subgraphs:
            return self.subgraphs[kind]
        group = as_dict(self.groups.get(re.sub(r"^workflow[>/]", "", kind)))
        return group_as_subgraph(group, node) if group and kind.startswith("workflow") else None


class _Level:
    """One graph, and where the links of its nodes come from, within it or without."""

    def __init__(
        self, drawing: _Drawing, graph: Drawn, prefix: str, around: tuple[_Level, Drawn] | None,
        depth: int = 0,
    ) -> None:
        self.prefix = prefix
        self.nodes: dict[str, Drawn] = {}
        self._drawing = drawing
        self._around = around
        self._links, self._ends, begins = _links_of(graph)
        self._everywhere = _links_everywhere(graph)
        self._names = [as_text(as_dict(slot).get("name"))
                       for slot in as_list(graph.get("inputs"))[:_MOST_INPUTS]]
        self._inner: dict[str, _Level] = {}
        self._setters: dict[str, Drawn] = {}
        drawing.levels.append(self)
        drawing.nodes_left -= len(self._links) // _LINKS_A_NODE if around else 0
        for drawn in as_list(graph.get("nodes")):
            node = as_dict(drawn)
            drawing.nodes_left -= 1
            if drawing.nodes_left < 0:
                break
            node_id = as_text(node.get("id"))
            self.nodes[node_id] = node
            if _SETTER.fullmatch(_kind(node)):
                self._setters[_text_of(node)] = node
            within = drawing.within(node) if depth < _DEEPEST and _is_on(node) and (
                len(drawing.levels) < _MOST_LEVELS) else None
            if within is not None:
                path = f"{prefix}{node_id}:"
                for place, name, value in promoted_values(node):
                    # What is shown further outside has been noted before, and counts.
                    drawing.promoted.setdefault(path + place, {}).setdefault(name, value)
                self._inner[node_id] = _Level(drawing, within, path, (self, node), depth + 1)
        self._given: dict[str, Any] = {}
        if around is not None:
            self._given = given_values(around[1], [
                name for slot, name in enumerate(self._names)
                if any(self._is_widget(*place) for place in begins.get(slot, ()))])

    def _is_widget(self, node_id: str, slot: int) -> bool:
        slots = as_list(self.nodes.get(node_id, {}).get("inputs"))
        return 0 <= slot < len(slots) and bool(as_dict(slots[slot]).get("widget"))

    def runs(self, node_id: str) -> bool:
        """Whether the node is one that runs, and not only something on the page."""
        node = self.nodes[node_id]
        kind = _kind(node)
        return _is_on(node) and node_id not in self._inner and kind != _PRIMITIVE and not (
            "note" in kind.lower() or _PASSES_ON.fullmatch(kind) or _GETTER.fullmatch(kind))

    def links_into(self, node: Drawn) -> dict[str, Any]:
        """What arrives at the inputs of a node, by name: `[id, slot]`, or a literal."""
        found = {}
        for place, slot in enumerate(as_list(node.get("inputs"))):
            name = as_text(as_dict(slot).get("name"))
            origin = self._links.get(_key(as_dict(slot).get("link"))) or self._everywhere.get(
                (as_text(node.get("id")), place))
            value = self._follow(origin) if origin else None
            if value is not None:
                found[name] = value
        return found

    def _follow(self, origin: Origin) -> Any:
        """The node that runs, or the literal, which a link from *origin* begins at."""
        level: _Level = self
        at: Origin | None = origin
        for _ in range(_HOPS):
            self._drawing.steps_left -= 1
            if at is None or self._drawing.steps_left < 0:
                return None
            node_id, slot = at
            if node_id == INPUTS:
                if level._around is None or not 0 <= slot < len(level._names):
                    return None
                name = level._names[slot]
                outer, instance = level._around
                at = outer._link_into(instance, name)
                if at is None:
                    return _literal(level._given.get(name))
                level = outer
                continue
            node = level.nodes.get(node_id, {})
            kind = _kind(node)
            if not node or node.get("mode") == _MUTED:
                return None
            if node.get("mode") == _BYPASSED:
                at = level._past(node, slot)
            elif node_id in level._inner:
                level = level._inner[node_id]
                at = level._ends.get(slot)
            elif _PASSES_ON.fullmatch(kind):
                at = level._past(node, 0)
            elif _GETTER.fullmatch(kind):
                level, at = level._set_as(_text_of(node))
            elif kind == _PRIMITIVE:
                return _literal(next(iter(as_list(node.get("widgets_values"))), None))
            else:
                return [level.prefix + node_id, slot]
        return None

    def _link_into(self, node: Drawn, name: str) -> Origin | None:
        for place, slot in enumerate(as_list(node.get("inputs"))):
            if as_text(as_dict(slot).get("name")) == name:
                return self._links.get(_key(as_dict(slot).get("link"))) or self._everywhere.get(
                    (as_text(node.get("id")), place))
        return None

    def _past(self, node: Drawn, slot: int) -> Origin | None:
        """Where the output *slot* of a node comes from that hands its inputs on by their type."""
        slots = [as_dict(item) for item in as_list(node.get("inputs"))]
        outputs = as_list(node.get("outputs"))
        wanted = as_text(as_dict(outputs[slot]).get("type")) if 0 <= slot < len(outputs) else ""
        order = [*slots[slot : slot + 1], *slots]
        same = [item for item in order if wanted not in ("", "*") and item.get("type") == wanted]
        for item in same or order:
            if origin := self._links.get(_key(item.get("link"))):
                return origin
        return None

    def _set_as(self, name: str) -> tuple[_Level, Origin | None]:
        level: _Level | None = self
        while level is not None:
            if name in level._setters:
                return level, level._past(level._setters[name], 0)
            level = level._around[0] if level._around else None
        return self, None


def _links_of(
    graph: Drawn,
) -> tuple[dict[int | str, Origin], dict[int, Origin], dict[int, list[Origin]]]:
    """Where each link begins, by its id; where the outputs of a subgraph come from, and
    which places its inputs lead to."""
    links: dict[int | str, Origin] = {}
    ends: dict[int, Origin] = {}
    begins: dict[int, list[Origin]] = {}
    for link in as_list(graph.get("links")):
        if isinstance(link, dict):
            parts = [link.get(key) for key in
                     ("id", "origin_id", "origin_slot", "target_id", "target_slot")]
        else:
            parts = as_list(link)[:5]
        if len(parts) < 3:
            continue
        origin = (as_text(parts[1]), as_int(parts[2]) or 0)
        links[_key(parts[0])] = origin
        if len(parts) == 5 and as_text(parts[3]) == OUTPUTS:
            ends[as_int(parts[4]) or 0] = origin
        if len(parts) == 5 and origin[0] == INPUTS:
            begins.setdefault(origin[1], []).append((as_text(parts[3]), as_int(parts[4]) or 0))
    return links, ends, begins


def _links_everywhere(graph: Drawn) -> dict[tuple[str, int], Origin]:
    """Links that are not drawn (cg-use-everywhere), by the node and input that they reach."""
    found = {}
    for item in as_list(as_dict(graph.get("extra")).get("ue_links")):
        link = as_dict(item)
        place = (as_text(link.get("downstream")), as_int(link.get("downstream_slot")) or 0)
        found[place] = (as_text(link.get("upstream")), as_int(link.get("upstream_slot")) or 0)
    return found


def _key(link: Any) -> int | str:
    return link if isinstance(link, (int, str)) else ""


def _literal(value: Any) -> Any:
    return None if isinstance(value, (list, dict)) else value  # a list would be a link


def _kind(node: Drawn) -> str:
    return as_text(node.get("type"))[:_LONGEST_KIND]


def _is_on(node: Drawn) -> bool:
    return node.get("mode") not in (_MUTED, _BYPASSED)


def _text_of(node: Drawn) -> str:
    return next((v for v in as_list(node.get("widgets_values")) if isinstance(v, str)), "")
