"""Graphs of ComfyUI by the roles of links, whatever the nodes are called."""

import json

import pytest

from imagelib.ingest.embedded import Lora, read_text


def node(kind, **inputs):
    return {"class_type": kind, "inputs": inputs}


def read(graph):
    return read_text(json.dumps(graph))


def either_order(graph):
    """The graph as it is, and with its nodes and their inputs the other way round."""
    turned = {
        key: value | {"inputs": dict(reversed(value["inputs"].items()))}
        for key, value in reversed(graph.items())
    }
    return read(graph), read(turned)


def guided(draw, **guider):
    """The default graph with a sampler that is guided by another node."""
    return draw.graph(
        n3=node("Wander", noise=["30", 0], guider=["31", 0], sampler=["32", 0], sigmas=["33", 0],
                latent_image=["5", 0]),
        n30=node("Noise", noise_seed=9),
        n31=node("Guide", model=["4", 0], **guider),
        n32=node("Choose", sampler_name="euler"),
        n33=node("Plan", scheduler="beta", steps=24, denoise=1.0, model=["4", 0]),
    )


GUIDERS = {
    "two conditions and a negative one": (
        {"cfg_conds": 5.0, "cfg_cond2_negative": 2.0, "cond1": ["6", 0], "cond2": ["7", 0],
         "negative": ["7", 0]}, 5.0),
    "an empty one beside": (
        {"positive": ["6", 0], "negative": ["7", 0], "empty_conditioning": ["61", 0], "cfg": 7.0,
         "neg_scale": 1.0}, 7.0),
    "other words": ({"cond_a": ["6", 0], "uncond": ["7", 0], "guidance_scale": 4.5}, 4.5),
    "prefixes": ({"main_positive": ["6", 0], "main_negative": ["7", 0], "cfg_scale": 3}, 3.0),
}


@pytest.mark.parametrize("how", GUIDERS)
def test_a_guider_is_read_by_the_roles_of_its_inputs(draw, how):
    inputs, cfg = GUIDERS[how]
    graph = guided(draw, **inputs) | {"61": node("CLIPTextEncode", text="nothing", clip=["4", 1])}

    for record in either_order(graph):
        assert (record.prompt, record.negative_prompt) == ("a fox", "blurry")
        assert (record.model, record.seed, record.steps) == ("foxes_v1", 9, 24)
        assert record.cfg_scale == cfg


PATCHES = {
    "a model patch": (node("Patch", model=["4", 0], model_patch=["40", 0], strength=1.0),
                      node("PatchLoader", name="canny.safetensors")),
    "a motion model": (node("Move", motion_model=["40", 0], model=["4", 0]),
                       node("MoveLoader", model_name="motion.ckpt")),
    "a hypernetwork": (node("Bend", hypernetwork_name="bend.pt", strength=1.0, model=["4", 0]),
                       node("Unused")),
    "an adapter": (node("Look", ipadapter=["40", 0], model=["4", 0], image=["41", 0]),
                   node("LookLoader", ipadapter_file="look.safetensors")),
    "an upscaler": (node("Sharpen", upscale_model=["40", 0], model=["4", 0]),
                    node("SharpLoader", model_name="4x.pth")),
}


@pytest.mark.parametrize("what", PATCHES)
def test_what_changes_a_model_is_not_the_model(draw, what):
    patch, loader = PATCHES[what]
    graph = draw.graph(n39=patch, n40=loader)
    graph["3"]["inputs"]["model"] = ["39", 0]

    for record in either_order(graph):
        assert record.model == "foxes_v1"


def test_a_file_name_in_an_object_or_behind_a_link_is_the_model(draw):
    chosen = draw.graph(n4=node("Loader|own", ckpt_name={"content": "a/b.safetensors"}))
    linked = draw.graph(n4=node("Anything", ckpt_name=["41", 0]),
                        n41=node("Chooser", ckpt_name="b.safetensors"))

    assert [read(graph).model for graph in (chosen, linked)] == ["b", "b"]


BUNDLES = {
    "one after another": {
        "51": node("Bundle", base_ctx=["52", 0]),
        "52": node("Bundle", base_ctx=["53", 0], positive=["6", 0], negative=["7", 0]),
        "53": node("Bundle", model=["4", 0], clip=["4", 1], latent=["5", 0], seed=["54", 0])},
    "a pipe": {
        "51": node("Out", basic_pipe=["52", 0]),
        "52": node("In", negative=["7", 0], positive=["6", 0], model=["4", 0], vae=["4", 2],
                   latent=["5", 0], seed=["54", 0])},
    "what is put in last counts": {
        "51": node("Bundle", ctx=["52", 0], seed=["54", 0], positive=["6", 0], latent=["5", 0]),
        "52": node("Bundle", ctx=["53", 0], positive=["7", 0], negative=["7", 0]),
        "53": node("Bundle", model=["4", 0], seed=["55", 0]), "55": node("Seed", seed=1)},
}


@pytest.mark.parametrize("how", BUNDLES)
def test_what_goes_into_a_bundle_comes_out_by_its_role(draw, how):
    graph = draw.graph(n54=node("Seed of somebody", seed=77), **{
        f"n{key}": value for key, value in BUNDLES[how].items()})
    graph["3"]["inputs"] |= {"model": ["51", 1], "positive": ["51", 4], "negative": ["51", 5],
                             "latent_image": ["51", 6], "seed": ["51", 8]}

    for record in either_order(graph):
        assert (record.prompt, record.negative_prompt) == ("a fox", "blurry")
        assert (record.model, record.seed, record.size) == ("foxes_v1", 77, (512, 768))


def test_a_bundled_loader_and_a_bundled_sampler_are_read(draw):
    graph = {
        "1": node("group of mine", ckpt_name="m.safetensors", main_positive="a fox",
                  supporting_terms="film", negative="blurry", width=640, height=480),
        "2": node("another", steps=6, cfg=7, seed=5, sampler_name="euler", scheduler="normal",
                  denoise=1, basic_pipe=["1", 0], latent_image=["3", 0]),
        "3": node("EmptyLatentImage", width=640, height=480, batch_size=1),
        "4": node("SaveImage", images=["2", 1], filename_prefix="x"),
    }

    for record in either_order(graph):
        assert (record.prompt, record.negative_prompt, record.model) == ("a fox", "blurry", "m")
        assert (record.seed, record.steps, record.size) == (5, 6, (640, 480))


SWITCHES = {
    "the first that is there": {"50": node("Any Switch", any_02=["51", 0], any_03=["52", 0])},
    "one of several kinds": {"50": node("Fallback Switch", text2=["51", 0], text10=["52", 0])},
    "by a linked number": {"50": node("Pick", select=["53", 0], input1=["52", 0],
                                      input2=["51", 0]), "53": node("PrimitiveInt", value=2)},
    "counted from nought": {"50": node("Pick", index=0, value0=["51", 0], value1=["52", 0])},
    "with more than one output": {"50": node("Pick", Input=2, text1="a cat", model1=["4", 0],
                                             text2="a fox", model2=["4", 0])},
    "by a condition": {"50": node("Branch", cond=["53", 0], tt_value=["52", 0],
                                  ff_value=["51", 0]), "53": node("Bool", value=False)},
    "if and else": {"50": node("If", if_true=["51", 0], if_false=["52", 0], boolean=True)},
}


@pytest.mark.parametrize("how", SWITCHES)
def test_only_what_a_switch_lets_through_is_read(draw, how):
    graph = draw.graph(n6=node("CLIPTextEncode", text=["50", 0], clip=["4", 1])) | {
        "51": node("Words", string="a fox"), "52": node("Words", string="a cat")} | SWITCHES[how]

    assert [record.prompt for record in either_order(graph)] == ["a fox", "a fox"]


def test_a_combination_is_no_switch(draw):
    graph = draw.graph(
        n60=node("Combine", conditioning_1=["6", 0], conditioning_2=["61", 0]),
        n61=node("CLIPTextEncode", text="a hill", clip=["4", 1]))
    graph["3"]["inputs"]["positive"] = ["60", 0]

    assert read(graph).prompt == "a fox\na hill"


STACKS = {
    "numbered, strength nought, none": node(
        "Stack", lora_01="a.safetensors", strength_01=0.5, lora_02="b.safetensors", strength_02=0,
        lora_03="None", strength_03=1, model=["4", 0]),
    "number in the middle": node("Stack", toggle=True, num_loras=1, lora_1_name="a.safetensors",
                                 lora_1_strength=0.5, lora_2_name="b.safetensors",
                                 lora_2_strength=1.0, model=["4", 0]),
    "switched": node("Stack", switch_1="On", lora_name_1="a.safetensors", model_weight_1=0.5,
                     switch_2="Off", lora_name_2="b.safetensors", model_weight_2=1.0,
                     model=["4", 0]),
    "in a simple mode": node("Stack", input_mode="simple", lora_count=1, lora_wt_1=0.5,
                             lora_name_1="a.safetensors", model_str_1=1.0, clip_str_1=1.0,
                             lora_name_2="b.safetensors", lora_wt_2=1.0, model=["4", 0]),
    "in an advanced mode": node("Stack", input_mode="advanced", lora_wt_1=1.0, model_str_1=0.5,
                                lora_name_1="a.safetensors", model=["4", 0]),
    "a list": node("Manager", loras={"__value__": [
        {"name": "a", "strength": 0.5, "active": True},
        {"name": "b", "strength": 1, "active": False}]}, model=["4", 0]),
    "a bare list": node("Manager", entries=[{"name": "a", "strength": "0.5", "active": True}],
                        model=["4", 0]),
    "objects": node("Power", lora_1={"on": True, "lora": "a.safetensors", "strength": 0.5},
                    lora_2={"on": True, "lora": "b.safetensors", "strength": 0}, model=["4", 0]),
}


@pytest.mark.parametrize("how", STACKS)
def test_only_loras_in_effect_are_told(draw, how):
    graph = draw.graph(n80=STACKS[how])
    graph["3"]["inputs"]["model"] = ["80", 0]

    for record in either_order(graph):
        assert record.loras == (Lora("a", 0.5),)
        assert record.model == "foxes_v1"


WORDS = {"50": node("Words", value="a fox")}
MADE = {
    "of linked words": (
        {"49": node("Oracle", system="You write prompts.", prompt=["50", 0], model="llama3")}
        | WORDS, "a fox"),
    "of an instruction before linked words": (
        {"49": node("Oracle", prompt=["48", 0], temperature=0.7),
         "48": node("Join", string_a="Rewrite this:", string_b=["50", 0], delimiter=" ")}
        | WORDS, "a fox"),
    "of linked words behind a linked instruction": (
        {"49": node("Oracle", prompt=["48", 0], temperature=0.7),
         "48": node("Join", text1=["46", 0], text2=["50", 0]),
         "46": node("Words", value="You are an expert.")} | WORDS, "a fox"),
    "of words of its own": (
        {"49": node("Oracle", user_prompt="a fox", system_prompt="Be brief.", top_p=0.9)}, "a fox"),
    "of a picture": (
        {"49": node("Describe", image=["47", 0], api="vision-pro", token_limit=80,
                    exclude_word="boy"), "47": node("LoadImage", image="x.png")}, ""),
    "of a picture, as asked": (
        {"49": node("See", images=["47", 0], prompt="Describe this picture.", max_new_tokens=99),
         "47": node("LoadImage", image="x.png")}, ""),
    "and kept by a node that shows it": (
        {"49": node("Display", text=["48", 0], text_0="a fox in fog"),
         "48": node("Oracle", prompt=["50", 0], model="x")} | WORDS, "a fox in fog"),
}


@pytest.mark.parametrize("how", MADE)
def test_text_that_was_made_while_running_is_not_replaced_by_an_instruction(draw, how):
    nodes, prompt = MADE[how]
    graph = draw.graph(n6=node("CLIPTextEncode", text=["49", 0], clip=["4", 1])) | nodes

    for record in either_order(graph):
        assert (record.prompt, record.negative_prompt) == (prompt, "blurry")


def test_a_missing_prompt_is_not_taken_from_the_drawing(draw, found):
    nodes, _ = MADE["of a picture"]
    graph = draw.graph(n6=node("CLIPTextEncode", text=["49", 0], clip=["4", 1])) | nodes
    drawing = {"nodes": [{"id": 49, "type": "PromptMaker", "widgets_values": ["gemini", "boy"]}],
               "links": []}

    record = found(draw.png(draw.text("prompt", json.dumps(graph)),
                            draw.text("workflow", json.dumps(drawing))))

    assert (record.prompt, record.model, record.seed) == ("", "foxes_v1", 42)


def test_prompts_that_are_written_as_one_are_parted(draw):
    words = ("positive: a cat\nnegative: wet\n---\npositive: a fox\nin fog\n\nnegative: blurry\n"
             "---\npositive: a hen\n")
    graph = draw.graph(
        n6=node("CLIPTextEncode", text=["50", 0], clip=["4", 1]),
        n7=node("CLIPTextEncode", text=["50", 1], clip=["4", 1]),
        n50=node("Part", zipped_prompt=["51", 0]),
        n51=node("Load", prompt_file="a.txt", index=1, text_data_opt=["52", 0]),
        n52=node("Words", value=words))

    for record in either_order(graph):
        assert (record.prompt, record.negative_prompt) == ("a fox\nin fog", "blurry")


def test_conditioning_may_come_as_regions(draw):
    graph = draw.graph(
        n6=node("Cut", mask_token="", clip_regions=["60", 0]),
        n60=node("Region", region_text="a red tail", target_text="red", clip_regions=["61", 0]),
        n61=node("Base", text="a fox", clip=["4", 1]))

    assert [record.prompt for record in either_order(graph)] == ["a fox", "a fox"]


def test_a_plain_replacement_is_done(draw):
    graph = draw.graph(n6=node("CLIPTextEncode", text=["50", 0], clip=["4", 1]),
                       n50=node("Swap", string="a cat", find="cat", replace="fox"))

    assert read(graph).prompt == "a fox"


def api_node(**inputs):
    return {"88": node("Cloud", **inputs), "89": node("SaveImage", images=["88", 0])}


def test_an_api_node_that_made_the_saved_picture_is_told(draw):
    graph = draw.graph(n9=node("PreviewImage", images=["8", 0])) | api_node(
        prompt="a hen", system_prompt="You are a painter.", model="cloud-3", seed=99,
        size="1024x768")

    for record in either_order(graph):
        assert (record.prompt, record.negative_prompt, record.model) == ("a hen", "", "cloud-3")
        assert (record.seed, record.size, record.steps) == (99, (1024, 768), None)


def test_an_api_node_beside_the_saved_picture_is_not_told(draw):
    graph = draw.graph(n88=node("Cloud", prompt="a hen", model="cloud-3", seed=99),
                       n89=node("PreviewImage", images=["88", 0]))

    assert [(r.prompt, r.seed) for r in either_order(graph)] == [("a fox", 42)] * 2


def test_an_api_node_that_changed_the_sampled_picture_made_the_saved_one(draw):
    graph = draw.graph(n9=None) | api_node(prompt="in felt", seed=99, image=["8", 0])

    assert [(r.prompt, r.seed) for r in either_order(graph)] == [("in felt", 99)] * 2


def test_values_for_a_saver_are_no_sampler(draw):
    graph = draw.graph(
        n9=node("Saver", images=["8", 0], filename="x", steps=["90", 1], cfg=1.0, seed_value=3,
                sampler_name="lcm", scheduler="normal", positive=["7", 0], negative=["6", 0]),
        n90=node("Values", seed=42, steps=["91", 0], cfg=8.0, sampler_name="heun"),
        n91=node("Int", value=20))
    graph["3"]["inputs"] |= {"seed": ["90", 0], "steps": ["90", 1]}

    for record in either_order(graph):
        assert (record.prompt, record.seed, record.steps) == ("a fox", 42, 20)
        assert record.sampler == "euler"


def test_a_sampler_needs_neither_a_known_class_nor_a_seed(draw):
    graph = draw.graph(n3=node(
        "Dreamer", steps=12, sampler_name="heun", model=["4", 0], base_positive=["6", 0],
        base_negative=["7", 0], latent=["5", 0]))

    for record in either_order(graph):
        assert (record.prompt, record.negative_prompt) == ("a fox", "blurry")
        assert (record.steps, record.sampler, record.seed) == (12, "heun", None)


@pytest.mark.parametrize(("written", "seed"), [
    ("0x1F", 31), ("0xffffffffffffffff", 2**64 - 1), ("0xg", None), (-1, None), (0, 0), ("12", 12),
])
def test_a_seed_is_read_in_every_notation(draw, written, seed):
    graph = draw.graph()
    graph["3"]["inputs"]["seed"] = written

    assert read(graph).seed == seed


@pytest.mark.parametrize("word", ["unknown", "None", " NULL "])
def test_a_placeholder_is_no_prompt(draw, word):
    graph = draw.graph(n6=node("CLIPTextEncode", text=word, clip=["4", 1]))

    assert read(graph).prompt == ""


def test_switches_that_choose_by_each_other_come_to_an_end(draw):
    chain = {str(n): node("Pick", select=[str(n + 1), 0], input1=[str(n + 1), 0],
                          input2=[str(n + 2), 0]) for n in range(100, 3000)}
    circle = {"2999": node("Pick", select=["100", 0], input1=["100", 0], input2=["101", 0])}
    graph = draw.graph(n6=node("CLIPTextEncode", text=["100", 0], clip=["4", 1])) | chain | circle

    assert read(graph).seed == 42


def test_a_negative_prompt_that_is_the_prompt_is_none(draw):
    graph = draw.graph(n60=node("Unknown", conditioning=["6", 0]))
    graph["3"]["inputs"]["negative"] = ["60", 1]

    assert [(r.prompt, r.negative_prompt) for r in either_order(graph)] == [("a fox", "")] * 2


def test_a_pass_that_no_words_guide_is_not_the_first_one(draw):
    graph = draw.graph(
        n5=node("VAEEncode", pixels=["70", 0], vae=["4", 2]),
        n70=node("VAEDecode", samples=["71", 0], vae=["4", 2]),
        n71=node("Guess", seed=1, steps=1, sampler_name="lcm", model=["4", 0],
                 positive=["72", 0], latent_image=["73", 0]),
        n72=node("DepthConditioning"),
        n73=node("VAEEncode", pixels=["74", 0], vae=["4", 2]),
        n74=node("LoadImage", image="x.png"))

    assert [(r.prompt, r.seed) for r in either_order(graph)] == [("a fox", 42)] * 2


def test_an_empty_negative_prompt_beside_a_prompt_is_empty(draw):
    graph = draw.graph(n60=node("Both", prompt="a fox", negative_prompt="", clip=["4", 1]))
    graph["3"]["inputs"] |= {"positive": ["60", 0], "negative": ["60", 1]}

    assert [(r.prompt, r.negative_prompt) for r in either_order(graph)] == [("a fox", "")] * 2


def test_a_language_model_may_have_a_clip(draw):
    graph = draw.graph(
        n6=node("CLIPTextEncode", text=["49", 0], clip=["4", 1]),
        n49=node("Generate", clip=["4", 1], prompt=["48", 0], system_prompt="Be a poet.",
                 max_length=99),
        n48=node("Swap", string="Rewrite {it}.", find="{it}", replace=["50", 0])) | WORDS

    assert [record.prompt for record in either_order(graph)] == ["a fox", "a fox"]


DISPLAYS = {
    "what was kept, of text made while running": (
        {"50": node("Show", anything=["51", 0], text="a fox in fog"),
         "51": node("Oracle", prompt="a fox", temperature=1.0)}, "a fox in fog"),
    "what arrives, where that is known": (
        {"50": node("Show", source=["51", 0], preview="of the run before"),
         "51": node("Words", value="a fox in fog")}, "a fox in fog"),
}


@pytest.mark.parametrize("what", DISPLAYS)
def test_a_node_that_shows_anything_passes_on(draw, what):
    nodes, prompt = DISPLAYS[what]
    graph = draw.graph(n6=node("CLIPTextEncode", text=["50", 0], clip=["4", 1])) | nodes

    assert [record.prompt for record in either_order(graph)] == [prompt, prompt]


def test_what_only_looks_at_a_picture_makes_its_text_while_running(draw):
    graph = draw.graph(
        n6=node("CLIPTextEncode", text=["49", 0], clip=["4", 1]),
        n49=node("Describe", image=["47", 0], custom_prompt="Tell all that is seen.",
                 style="long", describer=["48", 0]),
        n48=node("DescriberLoader", file="see.safetensors"), n47=node("LoadImage", image="x.png"))

    assert [record.prompt for record in either_order(graph)] == ["", ""]


def test_text_may_come_as_embeddings(draw):
    graph = {
        "1": node("Runner", steps=6, seed=5, cfg=7.0, model=["2", 0], my_embeds=["3", 0],
                  image_embeds=["4", 0]),
        "2": node("Loader", model="m.safetensors"),
        "3": node("Encode", positive_prompt="a fox", negative_prompt="blurry", t5=["5", 0]),
        "4": node("Empty", width=832, height=480),
        "5": node("T5", model_name="t5.safetensors"),
        "6": node("SaveImage", images=["1", 0])}

    for record in either_order(graph):
        assert (record.prompt, record.negative_prompt, record.model) == ("a fox", "blurry", "m")


def test_an_api_node_has_settings_of_its_own(draw):
    graph = draw.graph(n9=node("PreviewImage", images=["8", 0])) | api_node(
        prompt="a hen", seed=99, steps=50, guidance_scale=3.0)

    for record in either_order(graph):
        assert (record.prompt, record.model, record.seed) == ("a hen", "", 99)
        assert (record.steps, record.cfg_scale, record.sampler) == (50, 3.0, "")


def test_a_bundle_may_be_called_a_tuple(draw):
    graph = {
        "1": node("All", base_ckpt_name="m.safetensors", refiner_ckpt_name="None",
                  positive="a fox", negative="blurry", empty_latent_width=640,
                  empty_latent_height=480),
        "2": node("Run", noise_seed=5, steps=6, cfg=7, sampler_name="euler", scheduler="karras",
                  sdxl_tuple=["1", 0], latent_image=["1", 1]),
        "3": node("SaveImage", images=["2", 5])}

    for record in either_order(graph):
        assert (record.prompt, record.negative_prompt, record.model) == ("a fox", "blurry", "m")
        assert (record.seed, record.size) == (5, (640, 480))


def test_a_sampler_may_save_by_itself(draw):
    graph = {
        "1": node("All", ckpt_name="m.safetensors", positive="a fox", negative="blurry"),
        "2": node("Run and Save", seed=5, steps=6, cfg=7, sampler_name="euler",
                  scheduler="karras", save_prefix="x", image_output="Save", pipe=["1", 0],
                  image=["3", 0]),
        "3": node("LoadImage", image="x.png")}

    for record in either_order(graph):
        assert (record.prompt, record.model, record.seed) == ("a fox", "m", 5)


@pytest.mark.parametrize(("kind", "name"), [
    ("SamplerEulerAncestral", "euler_ancestral"), ("SamplerDPMPP_2M_SDE", "dpmpp_2m_sde"),
    ("Chooser", ""),
])
def test_a_sampler_that_is_a_node_is_called_as_its_class(draw, kind, name):
    graph = guided(draw, positive=["6", 0], negative=["7", 0], cfg=7.0)
    graph["32"] = node(kind, eta=1.0)

    assert read(graph).sampler == name


def test_what_a_text_maker_is_asked_for_is_not_its_instruction(draw):
    graph = draw.graph(
        n6=node("CLIPTextEncode", text=["49", 0], clip=["4", 1]),
        n49=node("Chat", instruction="Rewrite what you get.", input_prompt="a fox", model="gpt"))

    assert [record.prompt for record in either_order(graph)] == ["a fox", "a fox"]


def test_a_switch_of_bundles_lets_one_through(draw):
    graph = draw.graph(
        n51=node("Bundle Switch", ctx_01=["52", 0], ctx_02=["53", 0]),
        n52=node("Bundle", model=["4", 0], positive=["6", 0], seed=["54", 0]),
        n53=node("Bundle", model=["4", 0], positive=["7", 0], seed=["55", 0]),
        n54=node("Seed", seed=77), n55=node("Seed", seed=78))
    graph["3"]["inputs"] |= {"model": ["51", 1], "positive": ["51", 4], "seed": ["51", 8]}

    for record in either_order(graph):
        assert (record.prompt, record.seed, record.model) == ("a fox", 77, "foxes_v1")


def test_a_lora_that_is_linked_to_the_loader_keeps_its_weight(draw):
    graph = draw.graph(
        n4=node("Loader", model="foxes_v1.safetensors", lora=["80", 0]),
        n80=node("Select", lora="a.safetensors", strength=0.5, prev_lora=["81", 0]),
        n81=node("Select", lora="b.safetensors", strength=0.25))

    for record in either_order(graph):
        assert record.loras == (Lora("a", 0.5), Lora("b", 0.25))
