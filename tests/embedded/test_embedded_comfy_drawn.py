"""Graphs of ComfyUI as they are drawn on the page: translated into the form that runs."""

import json

import pytest

from imagelib.ingest.embedded import Lora, read_text
from imagelib.ingest.embedded.dialects.comfy_workflow import read_workflow


class Page:
    """A page to draw nodes on; links are made by naming where they come from."""

    def __init__(self):
        self.nodes = []
        self.links = []

    def node(self, number, kind, values=(), inputs=None, outputs=(), **more):
        """A node; *inputs* are `name=(origin, slot, type)`, `name=None`, or a widget's name."""
        slots = []
        for place, (name, origin) in enumerate((inputs or {}).items()):
            slot = {"name": name, "link": None}
            if origin == "widget":
                slot |= {"widget": {"name": name}}
            elif origin is not None:
                self.links.append([len(self.links) + 1, *origin[:2], number, place, origin[2]])
                slot |= {"link": len(self.links), "type": origin[2]}
                if len(origin) > 3:
                    slot |= {"widget": {"name": name}}
            slots.append(slot)
        self.nodes.append({"id": number, "type": kind, "mode": 0, "inputs": slots,
                           "outputs": [{"name": t, "type": t} for t in outputs],
                           "widgets_values": list(values)} | more)
        return self

    def drawing(self, **more):
        return {"nodes": self.nodes, "links": self.links} | more

    def subgraph(self, kind, inputs, outputs):
        """This page as a subgraph; its inputs are -10 and its outputs -20, links are objects."""
        for origin, slot in outputs:
            self.links.append([len(self.links) + 1, origin, slot, -20, 0, "IMAGE"])
        names = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
        return {"id": kind, "inputs": [{"name": name} for name in inputs], "nodes": self.nodes,
                "outputs": [{"name": "IMAGE"}],
                "links": [dict(zip(names, link, strict=True)) for link in self.links]}


def read(drawing):
    return read_text(json.dumps(drawing))


def default(page, sampler="KSampler", values=(5, "randomize", 20, 8, "euler", "karras", 1)):
    """The default graph on *page*."""
    page.node(4, "CheckpointLoaderSimple", ["m.safetensors"], outputs=["MODEL", "CLIP", "VAE"])
    page.node(5, "EmptyLatentImage", [512, 768, 1], outputs=["LATENT"])
    page.node(6, "CLIPTextEncode", ["a fox"], {"clip": (4, 1, "CLIP")}, ["CONDITIONING"])
    page.node(7, "CLIPTextEncode", ["blurry"], {"clip": (4, 1, "CLIP")}, ["CONDITIONING"])
    page.node(3, sampler, values,
              {"model": (4, 0, "MODEL"), "positive": (6, 0, "CONDITIONING"),
               "negative": (7, 0, "CONDITIONING"), "latent_image": (5, 0, "LATENT")}, ["LATENT"])
    page.node(8, "VAEDecode", [], {"samples": (3, 0, "LATENT"), "vae": (4, 2, "VAE")}, ["IMAGE"])
    page.node(9, "SaveImage", ["x"], {"images": (8, 0, "IMAGE")})
    return page


def change(page, number, **changes):
    """The page with another value in the slots of a node: `name=(origin, slot, type)`."""
    [found] = [node for node in page.nodes if node["id"] == number]
    for slot in found["inputs"]:
        if slot["name"] in changes:
            page.links.append([len(page.links) + 1, *changes[slot["name"]][:2], number, 0, "X"])
            slot["link"] = len(page.links)
    return page


SAMPLERS = {
    "with more after": (5, "fixed", 20, 8, "euler", "karras", 1, "GPU", "incremental", 0),
    "with more before": (256, True, 768, 5, "increment", 20, 8, "euler", "karras", 0.5, True),
    "with the seed in the middle": (20, 8, 5, "randomize", "euler", "karras", 1),
    "without a control": ("enable", 5, 20, 8.0, "euler", "karras", 0, 10000, "disable"),
    "with a box to tick": (2**40, True, 20, 8, "euler", "karras", 1),
}


@pytest.mark.parametrize("how", SAMPLERS)
def test_a_sampler_of_any_class_is_read_by_the_types_of_its_values(how):
    record = read(default(Page(), "Whatever", SAMPLERS[how]).drawing())

    assert (record.prompt, record.negative_prompt, record.model) == ("a fox", "blurry", "m")
    assert record.seed == (2**40 if "box" in how else 5)
    assert (record.steps, record.cfg_scale) == (20, 8.0)
    assert (record.sampler, record.scheduler, record.size) == ("euler", "karras", (512, 768))


def test_an_old_sampler_of_a_known_class_is_read_too():
    values = (2**40, True, 20, 8, "euler", "karras", 1)

    record = read(default(Page(), "KSampler", values).drawing())

    assert (record.seed, record.steps, record.scheduler) == (2**40, 20, "karras")


def test_both_prompts_of_a_loader_are_found():
    page = Page().node(
        1, "Everything Loader", ["m.ckpt", "Baked VAE", -1, "None", 1, 1, "a fox", "blurry",
                                 "none", "comfy", 640, 480, 1], {"lora_stack": None})
    page.node(2, "Runner", [5, "randomize", 6, 7, "euler", "karras", 1, "auto", "true"],
              {"model": (1, 0, "MODEL"), "positive": (1, 1, "C"), "negative": (1, 2, "C"),
               "latent_image": (1, 3, "LATENT"), "script": None})

    record = read(page.drawing())

    assert (record.prompt, record.negative_prompt, record.model) == ("a fox", "blurry", "m")
    assert (record.seed, record.steps, record.size) == (5, 6, (640, 480))


def test_a_prompt_is_not_the_negative_one_as_well():
    page = default(Page()).node(
        60, "Both", ["a red fox", "", 1024],
        {"clip": (4, 1, "CLIP"), "prompt": "widget", "negative_prompt": "widget"})
    change(page, 3, positive=(60, 0, "C"), negative=(60, 1, "C"))

    record = read(page.drawing())

    assert (record.prompt, record.negative_prompt) == ("a red fox", "")


def test_words_of_nodes_that_describe_pictures_are_no_prompt():
    page = default(Page()).node(47, "LoadImage", ["x.png", "image"], outputs=["IMAGE", "MASK"])
    page.node(49, "PromptMaker", ["gemini-pro", 80, "boy", "girl"],
              {"image": (47, 0, "IMAGE")}, ["STRING"])
    next(n for n in page.nodes if n["id"] == 6)["inputs"].append(
        {"name": "text", "widget": {"name": "text"}, "link": None})
    change(page, 6, text=(49, 0, "STRING"))

    assert read(page.drawing()).prompt == ""


def test_settings_of_the_nodes_around_a_sampler_are_found():
    page = default(Page(), "Adv", [])
    page.nodes[4]["inputs"] = []
    page.node(30, "RandomNoise", [5, "randomize"], outputs=["NOISE"])
    page.node(31, "SomeGuider", [4.5], {"model": (4, 0, "MODEL"), "conditioning": (6, 0, "C")})
    page.node(32, "SomeChooser", ["lcm"], {"sampler_name": "widget"}, ["SAMPLER"])
    page.node(33, "TurboScheduler", [3, 1.0], {"model": (4, 0, "MODEL")}, ["SIGMAS"])
    page.nodes[4]["inputs"] = [{"name": name, "link": None} for name in
                               ("noise", "guider", "sampler", "sigmas", "latent_image")]
    change(page, 3, noise=(30, 0), guider=(31, 0), sampler=(32, 0), sigmas=(33, 0),
           latent_image=(5, 0))

    record = read(page.drawing())

    assert (record.prompt, record.model, record.seed) == ("a fox", "m", 5)
    assert (record.steps, record.sampler, record.size) == (3, "lcm", (512, 768))


def boxed(values=("a fox",), inputs=None, **more):
    """A page whose default graph is in a subgraph, with the prompt as an input of that."""
    inner = default(Page())
    inner.nodes.pop()
    inner.links.pop()
    encoder = inner.nodes[2]
    encoder["widgets_values"] = ["an old text"]
    encoder["inputs"].append({"name": "text", "widget": {"name": "text"}, "link": None})
    inner.links.append([99, -10, 0, 6, 1, "STRING"])
    encoder["inputs"][-1]["link"] = 99
    page = Page().node(30, "aaaa-bbbb", values, {"text": "widget"} if inputs is None else inputs,
                       ["IMAGE"], **more)
    page.node(9, "SaveImage", ["x"], {"images": (30, 0, "IMAGE")})
    return page, inner.subgraph("aaaa-bbbb", ["text"], [(8, 0)])


def with_subgraphs(page, *subgraphs):
    return page.drawing(definitions={"subgraphs": list(subgraphs)})


def test_a_subgraph_is_read_with_the_values_that_it_is_given():
    record = read(with_subgraphs(*boxed()))

    assert (record.prompt, record.negative_prompt, record.model) == ("a fox", "blurry", "m")
    assert (record.seed, record.steps, record.size) == (5, 20, (512, 768))


def test_a_subgraph_that_is_given_nothing_has_values_of_its_own():
    assert read(with_subgraphs(*boxed(values=[]))).prompt == "an old text"


def test_a_subgraph_is_given_what_is_linked_to_it():
    page, subgraph = boxed(values=[], inputs={"text": (40, 0, "STRING", True)})
    page.node(40, "PrimitiveStringMultiline", ["a red fox"], outputs=["STRING"])

    assert read(with_subgraphs(page, subgraph)).prompt == "a red fox"


def test_widgets_that_a_subgraph_shows_outside_count():
    shown = {"proxyWidgets": [["6", "text"], ["3", "seed"], ["3", "control_after_generate"]]}
    page, subgraph = boxed(values=["a hen", 77, "fixed"], inputs={}, properties=shown)

    record = read(with_subgraphs(page, subgraph))

    assert (record.prompt, record.seed) == ("a hen", 77)


def test_an_input_of_a_subgraph_may_be_shown_as_a_widget():
    page, subgraph = boxed(values=["a hen"], inputs={}, properties={
        "proxyWidgets": [["-1", "text"]]})

    assert read(with_subgraphs(page, subgraph)).prompt == "a hen"


def test_subgraphs_may_stand_in_each_other():
    page, innermost = boxed()
    middle = Page().node(70, "aaaa-bbbb", [], {"text": (-10, 0, "STRING", True)}, ["IMAGE"])
    outer = middle.subgraph("cccc", ["words"], [(70, 0)])
    page.nodes[0] |= {"type": "cccc", "inputs": [{"name": "words", "widget": {"name": "words"}}]}
    page.nodes[0]["widgets_values"] = ["a blue fox"]

    drawing = with_subgraphs(page, innermost, outer)

    assert read(drawing).prompt == "a blue fox"
    assert {"30:70:3", "30:70:6"} <= set(read_workflow(drawing))


def test_a_subgraph_in_itself_comes_to_an_end():
    page = Page().node(1, "loop", [], {"x": None}, ["IMAGE"])
    page.node(9, "SaveImage", ["x"], {"images": (1, 0, "IMAGE")})
    inner = Page()
    for number in range(20):
        inner.node(number, "loop", [], {"x": (-10, 0, "IMAGE")}, ["IMAGE"])
    inner = inner.subgraph("loop", ["x"], [(3, 0)])

    record = read(with_subgraphs(page, inner))

    assert (record.tool, record.prompt) == ("ComfyUI", "")


def test_a_group_node_is_read_with_the_values_that_it_has():
    group = {
        "nodes": [
            {"type": "KSampler", "index": 0, "widgets_values": [1, "fixed", 2, 3, "lcm", "beta", 1],
             "inputs": [{"name": n, "type": t} for n, t in (
                 ("model", "MODEL"), ("positive", "C"), ("negative", "C"), ("latent_image", "L"))],
             "outputs": [{"name": "LATENT", "type": "L"}]},
            {"type": "VAEDecode", "index": 1, "widgets_values": [],
             "inputs": [{"name": "samples", "type": "L"}, {"name": "vae", "type": "VAE"}],
             "outputs": [{"name": "IMAGE", "type": "IMAGE"}]}],
        "links": [[None, 0, 0, 0, 4, "MODEL"], [0, 0, 1, 0, 3, "L"]],
        "external": [],
    }
    page = default(Page())
    del page.nodes[4:]
    page.node(37, "workflow>Sample", [5, "randomize", 20, 8, "euler", "karras", 1],
              {"model": (4, 0, "MODEL"), "positive": (6, 0, "C"), "negative": (7, 0, "C"),
               "latent_image": (5, 0, "L"), "vae": (4, 2, "VAE")}, ["IMAGE"])
    page.node(9, "SaveImage", ["x"], {"images": (37, 0, "IMAGE")})

    record = read(page.drawing(extra={"groupNodes": {"Sample": group}}))

    assert (record.prompt, record.negative_prompt, record.model) == ("a fox", "blurry", "m")
    assert (record.seed, record.steps, record.sampler, record.size) == (5, 20, "euler", (512, 768))


ON_THE_WAY = {
    "a reroute": lambda page: page.node(50, "Reroute", [], {"": (60, 0, "C")}, ["C"]),
    "a setter and a getter": lambda page: page.node(
        51, "SetNode", ["fox"], {"C": (60, 0, "C")}, ["C"]).node(50, "GetNode", ["fox"]),
    "one of another pack": lambda page: page.node(
        51, "easy setNode", ["fox"], {"C": (60, 0, "C")}).node(50, "easy getNode", ["fox"]),
    "a bypassed node": lambda page: page.node(
        50, "Apply", ["a cat here"], {"model": (4, 0, "MODEL"), "c": (60, 0, "C")}, ["C"], mode=4),
}


@pytest.mark.parametrize("what", ON_THE_WAY)
def test_links_are_followed_through_what_only_the_page_knows(what):
    page = default(Page()).node(60, "CLIPTextEncode", ["a red fox"], {"clip": (4, 1, "CLIP")})
    change(ON_THE_WAY[what](page), 3, positive=(50, 0, "C"))

    record = read(page.drawing())

    assert (record.prompt, record.negative_prompt) == ("a red fox", "blurry")


def test_what_is_muted_has_no_effect():
    page = default(Page())
    page.nodes[-1]["mode"] = 2
    page.node(10, "Other", [7, "fixed", 9, 1, "lcm", "beta", 1],
              {"model": (4, 0, "MODEL"), "positive": (6, 0, "C"), "latent_image": (3, 0, "LATENT")},
              ["LATENT"], mode=2)

    assert (read(page.drawing()).seed, "10" in read_workflow(page.drawing())) == (5, False)


def test_a_bypassed_lora_is_not_told():
    page = default(Page()).node(80, "LoraLoader", ["a.safetensors", 0.5, 1],
                                {"model": (4, 0, "MODEL")}, ["MODEL"])
    page.node(81, "LoraLoader", ["b.safetensors", 0.5, 1], {"model": (80, 0, "MODEL")}, ["MODEL"],
              mode=4)
    change(page, 3, model=(81, 0))

    record = read(page.drawing())

    assert (record.loras, record.model) == ((Lora("a", 0.5),), "m")


def test_links_that_are_not_drawn_are_followed():
    page = default(Page())
    page.nodes[4]["inputs"][0]["link"] = None
    everywhere = [{"downstream": 3, "downstream_slot": 0, "upstream": "4", "upstream_slot": 0}]

    assert read(page.drawing(extra={"ue_links": everywhere})).model == "m"


def test_a_primitive_gives_its_value():
    page = default(Page()).node(70, "PrimitiveNode", [77, "fixed"], outputs=["INT"])
    page.nodes[4]["inputs"].append({"name": "seed", "widget": {"name": "seed"}, "link": None})
    change(page, 3, seed=(70, 0))

    assert read(page.drawing()).seed == 77


def test_an_api_node_is_read_where_it_was_drawn():
    page = Page().node(88, "Cloud", ["a hen in felt", "cloud-3", 99, "randomize", "16:9",
                                     "You are a painter. Paint what you are told."])
    page.node(89, "SaveImage", ["my_pictures"], {"images": (88, 0, "IMAGE")})

    record = read(page.drawing())

    assert (record.prompt, record.seed) == ("a hen in felt", 99)


def test_a_circle_of_links_comes_to_an_end():
    page = default(Page()).node(50, "Reroute", [], {"": (51, 0, "C")}, ["C"])
    page.node(51, "Reroute", [], {"": (50, 0, "C")}, ["C"])
    change(page, 3, positive=(50, 0))

    record = read(page.drawing())

    assert (record.prompt, record.negative_prompt, record.seed) == ("", "blurry", 5)


ODD = [
    {"nodes": [{"id": {}, "type": [], "inputs": 3, "outputs": "x", "widgets_values": 5}],
     "links": [[], None, [1], {"id": []}, [[], {}, "x", None, 2]]},
    {"nodes": [None, 3], "links": {}, "definitions": {"subgraphs": [3, {"id": {}}]},
     "extra": {"groupNodes": [], "ue_links": [1, {}]}},
    {"nodes": [{"id": 1, "type": "workflow>G", "widgets_values": [[]]}], "links": [],
     "extra": {"groupNodes": {"G": {"nodes": [1, {"inputs": [1]}], "links": [[0], 3, [0, 0, {}, 1]],
                                    "external": [[], 3]}}}},
    {"nodes": [{"id": 1, "type": "s", "properties": {"proxyWidgets": [[], 3, [1, 2]]},
                "widgets_values": [1, 2, 3], "inputs": [{"widget": 3}, {"widget": {"name": {}}}]}],
     "links": [], "definitions": {"subgraphs": [{"id": "s", "nodes": 3, "links": 4, "inputs": 5}]}},
]


@pytest.mark.parametrize("given", [[], ["3", 0], {"a": 1}, None])
def test_a_subgraph_may_be_given_anything(given):
    record = read(with_subgraphs(*boxed(values=[given])))

    assert (record.prompt, record.negative_prompt, record.seed) == ("an old text", "blurry", 5)


@pytest.mark.parametrize("drawing", ODD)
def test_nothing_that_is_drawn_stops_the_reader(drawing):
    assert read_workflow(drawing) is not None
    assert read(drawing).tool in ("", "ComfyUI")


def test_a_subgraph_that_is_used_without_end_is_not_drawn_without_end():
    inner = Page()
    for number in range(300):
        inner.node(number, "CLIPTextEncode", ["a fox"])
    page = Page()
    for number in range(400):
        page.node(number, "many", [], {})

    assert len(read_workflow(with_subgraphs(page, inner.subgraph("many", [], [])))) <= 5000


STACKS = {
    "one": ("A lora loader", ["a.safetensors", 0.5]),
    "several": ("LoRA Stack", ["simple", 2, "a.safetensors", 0.5, 1, "None", 1, 1]),
    "switched": ("My Loras", ["On", "a.safetensors", 0.5, 0.5, "Off", "b.safetensors", 1, 1]),
    "objects": ("Power", [{}, {"on": True, "lora": "a.safetensors", "strength": 0.5},
                          {"on": False, "lora": "b.safetensors", "strength": 1}, ""]),
    "a list": ("Manager", ["<x>", [{"name": "a", "strength": 0.5, "active": True}]]),
}


@pytest.mark.parametrize("how", STACKS)
def test_loras_are_told_with_their_weights(how):
    kind, values = STACKS[how]
    page = default(Page()).node(80, kind, values, {"model": (4, 0, "MODEL")}, ["MODEL"])
    change(page, 3, model=(80, 0))

    record = read(page.drawing())

    assert (record.loras, record.model) == ((Lora("a", 0.5),), "m")


def test_a_lora_of_a_loader_of_everything_is_told():
    page = default(Page()).node(
        1, "Everything", ["m.ckpt", "x.vae.pt", -2, "a.safetensors", 0.5, 1, "words", 640, 480], {})
    change(page, 3, model=(1, 0))

    assert read(page.drawing()).loras == (Lora("a", 0.5),)


def test_a_wildcard_is_told_as_it_was_filled_in():
    page = default(Page()).node(
        60, "Fill In", ["a {red|blue} fox", "a red fox", True, "Select one", 7, "fixed"],
        {"clip": (4, 1, "CLIP"), "model": (4, 0, "MODEL")}, ["MODEL", "CLIP", "CONDITIONING"])
    change(page, 3, positive=(60, 2))

    assert read(page.drawing()).prompt == "a red fox"


def test_a_drawn_switch_lets_one_through():
    page = default(Page()).node(60, "CLIPTextEncode", ["a hen"], {"clip": (4, 1, "CLIP")})
    page.node(61, "Some Switch", [2, True],
              {"input1": (60, 0, "C"), "input2": (6, 0, "C"), "input3": None}, ["C"])
    change(page, 3, positive=(61, 0))

    assert read(page.drawing()).prompt == "a fox"
