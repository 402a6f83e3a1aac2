"""Group nodes of ComfyUI, the predecessors of subgraphs, in the form of these.

A group (`extra.groupNodes`, ComfyUI_frontend) has its nodes by their index and its links as
`[origin, slot, target, slot, ...]`, with no origin where a link came from outside. What a
node of it shows outside is not written but follows: every input that no link within
reaches, and every output that none leaves, in the order of the nodes.
"""

from __future__ import annotations

from typing import Any

from imagelib.ingest.embedded.values import as_dict, as_int, as_list, as_text

#: What stands in the links of a subgraph for the graph around it.
INPUTS, OUTPUTS = "-10", "-20"
_MOST_NODES = 200
_MOST_SLOTS = 50

Drawn = dict[str, Any]
Place = tuple[str, int]


def group_as_subgraph(group: Drawn, instance: Drawn) -> Drawn:
    """The graph of *group* as a subgraph of the node *instance*, with the values of that."""
    inner = [as_dict(node) for node in as_list(group.get("nodes"))[:_MOST_NODES]]
    inside: dict[Place, Place] = {}
    for written in as_list(group.get("links")):
        parts = as_list(written)
        if len(parts) > 3 and parts[0] is not None:
            inside[_place(parts[2], parts[3])] = _place(parts[0], parts[1])
    shown = {_place(*as_list(place)[:2]) for place in as_list(group.get("external"))
             if len(as_list(place)) > 1}
    outer = [as_dict(slot) for slot in as_list(instance.get("inputs"))]
    values = _values(inner, instance)
    nodes: list[Drawn] = []
    links: list[Drawn] = []
    names: list[Drawn] = []
    ends = 0
    plain = iter([slot for slot in outer if not slot.get("widget")])
    converted = {as_text(slot.get("name")): slot for slot in outer if slot.get("widget")}

    def link(origin: Place, target: Place) -> int:
        links.append({"id": len(links), "origin_id": origin[0], "origin_slot": origin[1],
                      "target_id": target[0], "target_slot": target[1]})
        return len(links) - 1

    left = set(inside.values())
    for index, node in enumerate(inner):
        node_id = str(index)
        slots = []
        own = [as_dict(slot) for slot in as_list(node.get("inputs"))[:_MOST_SLOTS]]
        for at, slot in enumerate(own):
            origin = inside.get((node_id, at))
            if origin is None:
                name = as_text(slot.get("name"))
                outside = converted.get(name) if slot.get("widget") else next(plain, None)
                if outside is not None:
                    origin = (INPUTS, len(names))
                    names.append({"name": outside.get("name")})
            slots.append(slot | {"link": None if origin is None else link(origin, (node_id, at))})
        for at in range(len(as_list(node.get("outputs"))[:_MOST_SLOTS])):
            if (node_id, at) not in left or (node_id, at) in shown:
                link((node_id, at), (OUTPUTS, ends))
                ends += 1
        nodes.append(node | {"id": index, "inputs": slots} | (
            {} if values is None else {"widgets_values": values[index]}))
    return {"nodes": nodes, "links": links, "inputs": names}


def _values(inner: list[Drawn], instance: Drawn) -> list[list[Any]] | None:
    """The values of *instance* by inner node: one after another, if there are as many."""
    values = as_list(instance.get("widgets_values"))
    counts = [len(as_list(node.get("widgets_values"))) for node in inner]
    if sum(counts) != len(values):
        return None
    starts = [sum(counts[:index]) for index in range(len(counts))]
    return [values[at : at + count] for at, count in zip(starts, counts, strict=True)]


def _place(node: Any, slot: Any) -> Place:
    return as_text(node), as_int(slot) or 0
