"""Graphs of ComfyUI: which sampler made the picture, and where its values come from."""

import json

import pytest

from imagelib.ingest.embedded import Lora, read_text


def node(kind, **inputs):
    return {"class_type": kind, "inputs": inputs}


def test_the_default_graph_gives_every_field(draw, found):
    record = found(draw.comfy())

    assert record.tool == "ComfyUI"
    assert (record.prompt, record.negative_prompt, record.model) == ("a fox", "blurry", "foxes_v1")
    assert (record.seed, record.steps, record.cfg_scale) == (42, 20, 8.0)
    assert (record.sampler, record.scheduler, record.size) == ("euler", "normal", (512, 768))


CARRIERS = {
    "animated WebP": lambda d, g: d.webp((b"EXIF", d.exif(
        {0x010F: 'workflow:{"nodes": []}', 0x0110: "prompt:" + g}))),
    "SaveImageExtended": lambda d, g: d.webp((b"EXIF", d.exif(
        {0x010E: 'Workflow: {"nodes": []}', 0x010F: "Prompt: " + g}))),
    "SaveImagePlus": lambda d, g: d.jpeg((0xE1, b"Exif\0\0" + d.exif(
        {0x9286: '{"prompt": ' + g + ', "workflow": {}}'}))),
    "Copyright": lambda d, g: d.webp((b"EXIF", d.exif({0x8298: "prompt:" + g}))),
    "AVIF XMP": lambda d, g: d.avif(
        xmp=d.xmp('xmlns:comfy="urn:c"', "<comfy:prompt>" + g + "</comfy:prompt>")),
    "PNG with padding": lambda d, g: d.png(d.text("prompt", g + "\0")),
}


@pytest.mark.parametrize("carrier", CARRIERS)
def test_the_graph_is_found_wherever_a_saver_puts_it(draw, found, carrier):
    record = found(CARRIERS[carrier](draw, json.dumps(draw.graph())))

    assert (record.prompt, record.seed, record.model) == ("a fox", 42, "foxes_v1")


def test_of_two_passes_the_first_is_told(draw):
    graph = draw.graph(
        n10=node("LatentUpscale", width=1024, height=1536, samples=["3", 0]),
        n11=node("KSampler", seed=7, steps=9, cfg=1.0, sampler_name="dpmpp_2m", denoise=0.5,
                 model=["4", 0], positive=["6", 0], negative=["7", 0], latent_image=["10", 0]),
        n8=node("VAEDecode", samples=["11", 0], vae=["4", 2]),
    )
    record = read_text(json.dumps(dict(reversed(graph.items()))))

    assert (record.seed, record.steps, record.size) == (42, 20, (512, 768))


def test_a_sampler_that_only_feeds_a_controlnet_is_not_the_one(draw):
    graph = draw.graph(
        n20=node("KSampler", seed=1, steps=1, sampler_name="lcm", model=["4", 0],
                 positive=["21", 0], negative=["7", 0], latent_image=["5", 0]),
        n21=node("CLIPTextEncode", text="a pose", clip=["4", 1]),
        n22=node("ControlNetApplyAdvanced", positive=["6", 0], negative=["7", 0],
                 image=["20", 0], strength=1.0),
    )
    graph["3"]["inputs"] |= {"positive": ["22", 0], "negative": ["22", 1]}
    ordered = {"20": graph.pop("20"), **graph}

    record = read_text(json.dumps(ordered))

    assert (record.seed, record.prompt, record.negative_prompt) == (42, "a fox", "blurry")


def test_of_stable_cascades_stages_the_first_is_told(draw):
    graph = draw.graph(
        n8=node("VAEDecode", samples=["33", 0], vae=["4", 2]),
        n33=node("KSampler", seed=1, steps=10, model=["4", 0], positive=["36", 0],
                 negative=["7", 0], latent_image=["5", 1]),
        n36=node("StableCascade_StageB_Conditioning", conditioning=["7", 0], stage_c=["3", 0]))

    record = read_text(json.dumps(graph))

    assert (record.seed, record.prompt) == (42, "a fox")


def test_a_custom_sampler_takes_its_settings_from_the_nodes_around_it(draw):
    graph = draw.graph(
        n3=node("SamplerCustomAdvanced", noise=["30", 0], guider=["31", 0], sampler=["32", 0],
                sigmas=["33", 0], latent_image=["5", 0]),
        n30=node("RandomNoise", noise_seed=2**64 - 1),
        n31=node("BasicGuider", model=["34", 0], conditioning=["35", 0]),
        n32=node("KSamplerSelect", sampler_name="euler"),
        n33=node("BasicScheduler", scheduler="beta", steps=24, denoise=1.0, model=["34", 0]),
        n34=node("LoraLoaderModelOnly", lora_name="f/paws.safetensors", strength_model=0.7,
                 model=["36", 0]),
        n35=node("FluxGuidance", guidance=3.5, conditioning=["6", 0]),
        n36=node("UNETLoader", unet_name="flux1-dev.safetensors", weight_dtype="default"),
    )

    record = read_text(json.dumps(graph))

    assert (record.seed, record.steps, record.scheduler) == (2**64 - 1, 24, "beta")
    assert (record.prompt, record.negative_prompt) == ("a fox", "")
    assert (record.model, record.loras) == ("flux1-dev", (Lora("paws", 0.7),))
    assert (record.cfg_scale, record.extra["distilled_cfg"]) == (None, 3.5)


def test_conditioning_zero_out_has_no_text(draw):
    graph = draw.graph(n7=node("ConditioningZeroOut", conditioning=["6", 0]))

    assert read_text(json.dumps(graph)).negative_prompt == ""


def test_a_regional_text_does_not_replace_the_prompt(draw):
    graph = draw.graph(n40=node("GLIGENTextBoxApply", text="sun", width=64, height=64,
                                conditioning_to=["6", 0], clip=["4", 1]))
    graph["3"]["inputs"]["positive"] = ["40", 0]

    assert read_text(json.dumps(graph)).prompt == "a fox"


TEXTS = {
    "joined": {"50": node("StringConcatenate", string_a="a", string_b=["51", 0], delimiter=" "),
               "51": node("PrimitiveStringMultiline", value="fox")},
    "switched": {"50": node("ComfySwitchNode", switch=["52", 0], on_true="a fox", on_false="a cat"),
                 "52": node("PrimitiveBoolean", value=True)},
    "switched off": {"50": node("ComfySwitchNode", switch=False, on_true="x", on_false="a fox")},
    "selected": {"50": node("ImpactSwitch", select=2, input1="x", input2="a fox")},
    "behind an unknown node": {"50": node("Mystery", anything=["51", 0], seed=1),
                               "51": node("Text Multiline", text="a fox")},
    "shown": {"50": node("ShowText|pysssss", text=["51", 0], text_0="a fox"),
              "51": node("LanguageModel", seed=4)},
    "a wildcard filled in": {"50": node("ImpactWildcardProcessor", wildcard_text="{a|b} fox",
                                        populated_text="a fox", seed=1)},
    "styled": {"50": node("SDXLPromptStyler", text_positive="a fox", text_negative="cat")},
    "a circle": {"50": node("Reroute", value=["51", 0]), "51": node("Join", string_a=["50", 0],
                                                                   string_b="a fox")},
}


@pytest.mark.parametrize("how", TEXTS)
def test_a_prompt_is_followed_through_text_nodes(draw, how):
    graph = draw.graph(n6=node("CLIPTextEncode", text=["50", 0], clip=["4", 1])) | TEXTS[how]

    assert read_text(json.dumps(graph)).prompt == "a fox"


@pytest.mark.parametrize(("encoder", "prompt"), [
    (node("CLIPTextEncodeSDXL", text_g="a fox", text_l="a fox", width=1024, height=1024), "a fox"),
    (node("CLIPTextEncodeFlux", clip_l="fox", t5xxl="a fox in snow"), "a fox in snow"),
    (node("TextEncodeQwenImageEdit", prompt="make it red"), "make it red"),
])
def test_encoders_of_newer_models_are_read(draw, encoder, prompt):
    assert read_text(json.dumps(draw.graph(n6=encoder))).prompt == prompt


def test_combined_conditionings_are_all_told(draw):
    graph = draw.graph(
        n60=node("ConditioningCombine", conditioning_1=["6", 0], conditioning_2=["61", 0]),
        n61=node("CLIPTextEncode", text="a hill", clip=["4", 1]))
    graph["3"]["inputs"]["positive"] = ["60", 0]

    assert read_text(json.dumps(graph)).prompt == "a fox\na hill"


def test_an_all_in_one_loader_has_texts_model_and_size(draw):
    graph = {
        "1": node("Efficient Loader", ckpt_name="m.ckpt", vae_name="Baked VAE", lora_name="None",
                  positive="a fox", negative="blurry", empty_latent_width=640,
                  empty_latent_height=480),
        "2": node("KSampler (Efficient)", seed=5, steps=6, cfg=7, sampler_name="euler",
                  scheduler="karras", model=["1", 0], positive=["1", 1], negative=["1", 2],
                  latent_image=["1", 3]),
    }

    record = read_text(json.dumps(graph))

    assert (record.prompt, record.negative_prompt, record.model) == ("a fox", "blurry", "m")
    assert (record.size, record.loras) == ((640, 480), ())


def test_a_number_is_followed_to_its_primitive(draw):
    graph = draw.graph(n70=node("Seed (rgthree)", seed=77), n71=node("PrimitiveInt", value=33))
    graph["3"]["inputs"] |= {"seed": ["70", 0], "steps": ["71", 0]}

    record = read_text(json.dumps(graph))

    assert (record.seed, record.steps) == (77, 33)


def test_stacked_loras_are_told_with_their_weights(draw):
    graph = draw.graph(
        n80=node("Power Lora Loader (rgthree)", lora_1={"on": True, "lora": "a.sft", "strength": 1},
                 lora_2={"on": False, "lora": "b.sft", "strength": 1}, model=["81", 0]),
        n81=node("CR LoRA Stack", lora_name_1="c.safetensors", model_weight_1=0.5,
                 lora_wt_1=0.5, model=["4", 0]))
    graph["3"]["inputs"]["model"] = ["80", 0]

    assert read_text(json.dumps(graph)).loras == (Lora("a", 1.0), Lora("c", 0.5))


def test_a_size_in_words_is_read(draw):
    graph = draw.graph(n5=node("SDXL Empty Latent", dimensions="1216 x 832   (landscape)"))

    assert read_text(json.dumps(graph)).size == (1216, 832)


def test_a_loaded_picture_has_no_asked_size(draw):
    graph = draw.graph(n5=node("VAEEncode", pixels=["90", 0], vae=["4", 2]),
                       n90=node("LoadImage", image="in.png"))

    assert read_text(json.dumps(graph)).size is None


def test_the_graph_is_believed_more_than_a_savers_infotext(draw, found):
    fake = "unknown\nSteps: 1, Sampler: x, Seed: 0, Size: 1x1, Model: other"
    record = found(draw.png(draw.text("parameters", fake),
                            draw.text("prompt", json.dumps(draw.graph()))))

    assert (record.prompt, record.seed, record.model) == ("a fox", 42, "foxes_v1")


def test_an_infotext_is_used_where_the_graph_tells_no_prompt(draw, found):
    graph = {"1": node("MysterySampler", seed=1, steps=2)}
    record = found(draw.png(draw.text("prompt", json.dumps(graph)),
                            draw.text("parameters", draw.infotext)))

    assert record.prompt == "a fox in the snow"


def test_a_call_of_a_service_is_read_without_a_sampler(draw):
    graph = {"1": node("OpenAIGPTImage1", prompt="a fox", seed=9),
             "2": node("SaveImage", images=["1", 0])}

    record = read_text(json.dumps(graph))

    assert (record.prompt, record.seed) == ("a fox", 9)


def test_civitai_jobs_keep_what_was_asked_beside_the_graph(draw):
    asked = {"prompt": "a red fox", "negativePrompt": "", "steps": 25, "cfgScale": 4,
             "sampler": "Euler", "seed": 12}
    record = read_text(json.dumps(draw.graph() | {"extraMetadata": json.dumps(asked)}))

    assert (record.tool, record.prompt, record.seed) == ("Civitai", "a red fox", 12)
    assert (record.cfg_scale, record.size) == (4.0, (512, 768))


def drawn(kind, number, values, inputs=(), **more):
    slots = [{"name": name, "link": link} for name, link in inputs]
    return {"id": number, "type": kind, "widgets_values": values, "inputs": slots, **more}


def test_a_drawn_workflow_alone_is_read_by_position(draw, found):
    workflow = {
        "nodes": [
            drawn("KSampler", 3, [5, "randomize", 20, 8, "euler", "karras", 1],
                  [("model", 1), ("positive", 2), ("negative", 3), ("latent_image", 4)]),
            drawn("CheckpointLoaderSimple", 4, ["m.safetensors"]),
            drawn("EmptyPresets", 5, [" 832 x 1216", 1]),
            drawn("CLIPTextEncode", 6, ["a fox"], [("clip", 5)]),
            drawn("CLIPTextEncode", 7, ["blurry"], [("clip", 5)]),
            drawn("Note", 8, ["text"]),
        ],
        "links": [[1, 4, 0, 3, 0, "MODEL"], [2, 6, 0, 3, 1, "C"], [3, 7, 0, 3, 2, "C"],
                  [4, 5, 0, 3, 3, "LATENT"], [5, 4, 1, 6, 0, "CLIP"]],
    }

    record = found(draw.png(draw.text("workflow", json.dumps(workflow))))

    assert (record.prompt, record.negative_prompt, record.model) == ("a fox", "blurry", "m")
    assert (record.seed, record.steps, record.cfg_scale) == (5, 20, 8.0)
    assert (record.sampler, record.scheduler, record.size) == ("euler", "karras", (832, 1216))


def test_links_of_a_drawn_workflow_may_be_objects():
    workflow = {"nodes": [drawn("KSampler", 3, [5, "fixed", 20], [("positive", 9)]),
                          drawn("CLIPTextEncode", 6, {"text": "a fox"}),
                          drawn("Prompt Box", 7, ["unused"], mode=2)],
                "links": [{"id": 9, "origin_id": 6, "origin_slot": 0}]}

    assert read_text(json.dumps(workflow)).prompt == "a fox"


def test_the_settings_around_the_sampler_are_told(draw):
    graph = draw.graph(n12=node("VAELoader", vae_name="v/foxes.vae.pt"))
    graph["3"]["inputs"]["denoise"] = 0.5

    assert read_text(json.dumps(graph)).extra == {"denoising": 0.5, "vae": "foxes.vae"}


def test_without_a_sampler_titles_tell_which_text_is_unwanted():
    graph = {"1": node("CLIPTextEncode", text="blurry") | {"_meta": {"title": "Negative"}},
             "2": node("CLIPTextEncode", text="a fox")}

    record = read_text(json.dumps(graph))

    assert (record.prompt, record.negative_prompt) == ("a fox", "blurry")


def test_values_of_newer_workflows_are_named_by_their_slots(draw):
    names = ("seed", "steps", "cfg", "sampler_name", "scheduler", "denoise", "extra")
    slots = [{"name": n, "widget": {"name": n}, "link": None} for n in names]
    sampler = {"id": 1, "type": "NewSampler", "inputs": slots,
               "widgets_values": [5, "fixed", 20, 8, "euler", "karras", 1, "x"]}

    record = read_text(json.dumps({"nodes": [sampler], "links": []}))

    assert (record.tool, record.seed, record.steps, record.sampler) == ("ComfyUI", 5, 20, "euler")


def test_a_workflow_that_cannot_be_understood_is_kept_raw(draw, found):
    record = found(draw.png(draw.text("workflow", '{"nodes": broken')))

    assert record
    assert (record.tool, record.prompt) == ("ComfyUI", "")
    assert record.raw == {"workflow": '{"nodes": broken'}


def test_a_damaged_graph_in_a_comment_is_kept_raw(draw, found):
    text = json.dumps(draw.graph())[:200]

    record = found(draw.webp((b"EXIF", draw.comment(text.encode()))))

    assert (record.tool, record.raw) == ("ComfyUI", {"exif:UserComment": text})
