"""The dialects of the other programs, in the carriers they use."""

import json

import pytest

from imagelib.ingest.embedded import Lora, read_text


def test_swarmui_is_preferred_to_the_graph_beside_it(draw, found):
    asked = {
        "sui_image_params": {
            "prompt": "a <random:red|blue> fox", "negativeprompt": "blurry", "model": "f/foxes",
            "seed": 7, "steps": 20, "cfgscale": 7.0, "width": 768, "height": 512,
            "sampler": "euler", "scheduler": "karras", "swarm_version": "0.9.7.4",
            "loras": ["x/snow", "ice"], "loraweights": ["0.5", "1"],
        },
        "sui_extra_data": {"date": "2026-01-03"},
    }
    record = found(draw.png(draw.text("prompt", json.dumps(draw.graph())),
                            draw.text("parameters", json.dumps(asked))))

    assert (record.tool, record.prompt, record.model) == (
        "SwarmUI", "a <random:red|blue> fox", "foxes")
    assert (record.size, record.captured_at) == ((768, 512), "2026-01-03T00:00:00")
    assert record.loras == (Lora("snow", 0.5), Lora("ice", 1.0))


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_swarmui_is_read_in_a_user_comment_and_in_its_old_place(draw, found, codec):
    text = json.dumps({"sui_image_params": {"prompt": "a fox", "seed": 1}})
    new = draw.comment(b"UNICODE\0" + text.encode(codec))
    old = draw.exif({0x0110: text})

    for tiff in (new, old):
        assert found(draw.jpeg((0xE1, b"Exif\0\0" + tiff))).tool == "SwarmUI"


FOOOCUS = {
    "prompt": "a fox", "negative_prompt": "", "base_model": "jugger", "base_model_hash": "aa",
    "seed": "6952411511246973023", "steps": 30, "sampler": "dpmpp", "scheduler": "karras",
    "guidance_scale": 4, "resolution": "(768, 1280)", "metadata_scheme": "fooocus",
    "loras": [["offset", 0.1, "bb"]], "version": "Fooocus v2.4.3",
}


@pytest.mark.parametrize("title_case", [False, True])
def test_fooocus_is_read_in_both_spellings(title_case):
    values = {key.replace("_", " ").title() if title_case else key: value
              for key, value in FOOOCUS.items()}
    record = read_text(json.dumps(values))

    assert (record.tool, record.prompt, record.model) == ("Fooocus", "a fox", "jugger")
    assert (record.seed, record.size) == (6952411511246973023, (768, 1280))
    assert record.loras == (Lora("offset", 0.1),)


def test_fooocus_in_exif_has_everything_in_ifd0_without_a_charset(draw, found):
    tiff = draw.exif({0x0131: "Fooocus v2.5.5", 0x927C: "fooocus",
                      0x9286: json.dumps(FOOOCUS | {"version": None})})

    record = found(draw.webp((b"EXIF", tiff)))

    assert (record.tool, record.version) == ("Fooocus", "Fooocus v2.5.5")


def test_old_fooocus_has_its_loras_one_by_one():
    values = {key: value for key, value in FOOOCUS.items() if key != "loras"}

    assert read_text(json.dumps(values | {"lora_combined_1": "a.safetensors : 0.3"})).loras == (
        Lora("a", 0.3),)


@pytest.mark.parametrize(("version", "tool"), [("FooocusPlus 1.0.0", "FooocusPlus"),
                                               ("Fooocus v2.5.5", "Fooocus")])
def test_fooocusplus_is_told_by_its_version(version, tool):
    assert read_text(json.dumps(FOOOCUS | {"version": version})).tool == tool


def test_ruinedfooocus():
    record = read_text(json.dumps({
        "Prompt": "a fox", "Negative": "blurry", "steps": 30, "cfg": 8, "width": 64, "height": 32,
        "seed": 2, "sampler_name": "s", "scheduler": "k", "base_model_name": "m.safetensors",
        "loras": [["hash", "0.8 - snow.safetensors"]], "software": "RuinedFooocus"}))

    assert (record.tool, record.prompt, record.model) == ("RuinedFooocus", "a fox", "m")
    assert record.loras == (Lora("snow", 0.8),)


DRAW_THINGS = {"c": "a fox", "uc": "blurry", "model": "flux_q5p.ckpt", "sampler": "UniPC",
               "scale": 4.5, "seed": 9, "size": "1024x512", "steps": 4, "v2": {},
               "lora": [{"model": "l.ckpt", "weight": 0.6}]}


@pytest.mark.parametrize("place", ["exif", "xmp"])
def test_draw_things_is_read_from_exif_and_from_xmp(draw, found, place):
    text = json.dumps(DRAW_THINGS)
    if place == "exif":
        tiff = draw.exif({0x010E: "a fox\nSteps: 4, Seed: 9, Size: 1x1", 0x0131: "Draw Things"},
                         {0x9286: b"ASCII\0\0\0" + text.encode()})
        record = found(draw.jpeg((0xE1, b"Exif\0\0" + tiff)))
    else:
        escaped = text.replace('"', "&quot;")
        packet = draw.xmp('xmlns:exif="e"', "<exif:UserComment><rdf:Alt><rdf:li>"
                          f"{escaped}</rdf:li></rdf:Alt></exif:UserComment>")
        record = found(draw.png(draw.itxt("XML:com.adobe.xmp", packet)))

    assert (record.tool, record.prompt) == ("Draw Things", "a fox")
    assert record.negative_prompt == "blurry"
    assert (record.model, record.size, record.loras) == (
        "flux_q5p", (1024, 512), (Lora("l", 0.6),))


def test_draw_things_without_its_json_is_read_from_the_description(draw, found):
    text = "a fox\nSteps: 4, Sampler: UniPC, Guidance Scale: 4.5, Seed: 9, Size: 8x8, Model: m.ckpt"
    record = found(draw.webp((b"EXIF", draw.exif({0x010E: text, 0x0131: "Draw Things"}))))

    assert (record.tool, record.cfg_scale, record.model) == ("Draw Things", 4.5, "m")


@pytest.mark.parametrize(("command", "prompt", "negative"), [
    ('"a fox [blurry]" -s 50 -S 42 -W 512 -H 768 -C 7.5 -A k_lms -G 0.9', "a fox", "blurry"),
    ('"a fox" -s50 -S42 -W512 -H768 -C7.5 -Ak_lms', "a fox", ""),
    ("a fox -s 50 -S 42 -W 512 -H 768 -C 7.5 -A k_lms", "a fox", ""),
    ('"a "fine" fox -s" -s 50 -S 42 -W 512 -H 768 -C 7.5 -A k_lms', 'a "fine" fox -s', ""),
])
def test_invokeais_old_command_line(draw, found, command, prompt, negative):
    record = found(draw.png(after=(draw.text("Dream", command),)))

    assert (record.tool, record.prompt, record.negative_prompt) == ("InvokeAI", prompt, negative)
    assert (record.steps, record.seed, record.size) == (50, 42, (512, 768))
    assert (record.cfg_scale, record.sampler) == (7.5, "k_lms")


def test_invokeais_old_json_completes_the_command_line(draw, found):
    old = {"model": "stable diffusion", "model_weights": "foxes", "app_version": "2.3.0",
           "images": [{"prompt": [{"prompt": "a fox [blurry]", "weight": 1.0}], "seed": 43}]}
    record = found(draw.png(draw.text("Dream", '"x" -s 50 -S 1'),
                            draw.ztxt("sd-metadata", json.dumps(old))))

    assert (record.prompt, record.negative_prompt, record.model) == ("a fox", "blurry", "foxes")
    assert (record.seed, record.steps, record.version) == (43, 50, "2.3.0")


@pytest.mark.parametrize("model", [{"model_name": "jugger"}, {"name": "jugger"}, "jugger"])
def test_invokeai_since_3(draw, found, model):
    new = {"generation_mode": "sdxl_txt2img", "positive_prompt": "a [bold] fox", "seed": 3,
           "negative_prompt": None, "scheduler": "euler", "cfg_scale": 8, "steps": 35,
           "width": 64, "height": 32, "model": model, "app_version": "6.10.0",
           "loras": [{"model": {"name": "snow"}, "weight": 0.75},
                     {"lora": {"model_name": "ice"}, "weight": 1}]}
    record = found(draw.png(draw.itxt("invokeai_metadata", json.dumps(new))))

    assert (record.tool, record.prompt, record.sampler) == ("InvokeAI", "a [bold] fox", "euler")
    assert record.model == "jugger"
    assert record.loras == (Lora("snow", 0.75), Lora("ice", 1.0))


COMMENT = {"prompt": "a fox", "uc": "blurry", "steps": 28, "scale": 5.0, "seed": 949223552,
           "sampler": "k_euler", "noise_schedule": "karras", "width": 832, "height": 1216}


def test_novelai_in_png(draw, found):
    record = found(draw.png(
        draw.text("Title", "AI generated image"), draw.itxt("Description", "a fox"),
        draw.text("Software", "NovelAI"), draw.text("Source", "NovelAI Diffusion V4.5 4BDE2A90"),
        draw.text("Comment", json.dumps(COMMENT))))

    assert (record.tool, record.prompt, record.negative_prompt) == ("NovelAI", "a fox", "blurry")
    assert record.model == "NovelAI Diffusion V4.5 4BDE2A90"
    assert (record.scheduler, record.size) == ("karras", (832, 1216))


def test_novelai_in_webp_has_json_in_json(draw, found):
    outer = {"Comment": json.dumps(COMMENT), "Description": "\0\0\0\0a fox",
             "Software": "NovelAI", "Source": "NovelAI Diffusion V4"}
    tiff = draw.exif({0x0131: "NovelAI Diffusion V4", 0x010E: b"\0\0\0\0a fox"},
                     {0x9286: b"ASCII\0\0\0" + json.dumps(outer).encode()})

    record = found(draw.webp((b"EXIF", tiff)))

    assert (record.prompt, record.seed, record.model) == (
        "a fox", 949223552, "NovelAI Diffusion V4")


def test_novelai_of_2022_has_its_prompt_in_the_description(draw, found):
    record = found(draw.png(draw.text("Description", "a fox"), draw.text("Software", "NovelAI"),
                            draw.text("Comment", '{"steps": 50, "seed": 2, "uc": "blurry"}')))

    assert (record.prompt, record.negative_prompt, record.steps) == ("a fox", "blurry", 50)


def test_novelai_in_webp_whose_comment_is_gone(draw, found):
    tiff = draw.exif({0x0131: "NovelAI Diffusion V4", 0x010E: b"\0\0\0\0a fox"})

    assert found(draw.webp((b"EXIF", tiff))).prompt == "a fox"


def test_novelai_characters_are_told():
    comment = {"v4_prompt": {"caption": {"base_caption": "two foxes", "char_captions": [
        {"char_caption": "a red fox"}, {"char_caption": "a white fox"}]}}, "seed": 1}
    record = read_text(json.dumps({"Comment": json.dumps(comment), "Software": "NovelAI"}))

    assert record.prompt == "two foxes"
    assert record.extra["character_1"] == "a red fox"
    assert record.extra["character_2"] == "a white fox"


def test_easy_diffusion_has_one_text_per_field_and_prompt_is_not_json(draw, found):
    fields = {"prompt": "a fox", "negative_prompt": "blurry", "seed": "5", "width": "512",
              "num_inference_steps": "25", "guidance_scale": "7.5", "height": "768",
              "sampler_name": "euler_a", "use_stable_diffusion_model": "models/sd/fox.ckpt",
              "use_lora_model": "['snow', 'ice']", "lora_alpha": "[0.5, 1]"}
    record = found(draw.png(*(draw.text(key, value) for key, value in fields.items())))

    assert (record.tool, record.prompt, record.model) == ("Easy Diffusion", "a fox", "fox")
    assert (record.seed, record.steps, record.size) == (5, 25, (512, 768))
    assert record.loras == (Lora("snow", 0.5), Lora("ice", 1.0))


def test_easy_diffusion_in_the_words_of_its_window():
    record = read_text("Prompt: a fox: red\nNegative Prompt: \nSeed: 5\nWidth: 512\nHeight: 768\n"
                       "Stable Diffusion model: fox\nSampler: euler_a\nSteps: 25\n"
                       "Guidance Scale: 7.5\n")

    assert (record.tool, record.prompt, record.negative_prompt) == (
        "Easy Diffusion", "a fox: red", "")
    assert (record.steps, record.sampler, record.cfg_scale) == (25, "euler_a", 7.5)


def test_easy_diffusion_in_jpeg(draw, found):
    text = json.dumps({"prompt": "a fox", "seed": 5, "num_inference_steps": 25,
                       "guidance_scale": 7.5, "sampler_name": "e", "use_lora_model": "snow",
                       "lora_alpha": 0.5, "use_vae_model": ""})
    tiff = draw.comment(b"UNICODE\0" + text.encode("utf-16-be"))

    record = found(draw.jpeg((0xE1, b"Exif\0\0" + tiff)))

    assert (record.tool, record.seed, record.loras) == ("Easy Diffusion", 5, (Lora("snow", 0.5),))


JOB = "bb9dd2e0-2352-4506-942b-9ac923610b8d"


def test_midjourney_in_raw_utf8(draw, found):
    record = found(draw.png(
        draw.text("Creation Time", "Sun, 21 Jan 2024 13:17:47 GMT"), draw.text("Author", "fox"),
        draw.text("Description", f"a fox 🦊 --ar 3:2 --v 6.1 --seed 4000000000 Job ID: {JOB}")))

    assert (record.tool, record.prompt, record.version) == ("Midjourney", "a fox 🦊", "6.1")
    assert (record.seed, record.captured_at) == (4_000_000_000, "2024-01-21T13:17:47")
    assert record.extra == {"job_id": JOB, "parameters": "--ar 3:2 --v 6.1 --seed 4000000000",
                            "author": "fox"}


def test_midjourney_in_xmp_only(draw, found):
    packet = draw.xmp('xmlns:dc="d"', "<dc:description><rdf:Alt><rdf:li>a fox -- red --niji 6"
                      f" Job ID: {JOB}</rdf:li></rdf:Alt></dc:description>")

    record = found(draw.png(draw.text("XML:com.adobe.xmp", packet)))

    assert (record.prompt, record.version) == ("a fox -- red", "niji 6")


def test_stability_matrix_by_its_project(draw, found):
    record = found(draw.png(draw.text("prompt", json.dumps(draw.graph())),
                            draw.text("parameters", draw.infotext + ".safetensors"),
                            draw.text("smproj", '{"Version": 2}')))

    assert (record.tool, record.prompt, record.model) == (
        "Stability Matrix", "a fox in the snow", "foxes_v1")




def test_stability_matrix_by_its_json(draw, found):
    asked = {"PositivePrompt": "a fox", "NegativePrompt": "blurry", "Steps": 20, "Seed": 3,
             "Sampler": "Euler", "CfgScale": 5, "Height": 32, "Width": 64, "ModelName": "m.ckpt"}
    record = found(draw.png(draw.text("parameters-json", json.dumps(asked))))

    assert (record.tool, record.prompt, record.model) == ("Stability Matrix", "a fox", "m")
    assert (record.seed, record.steps, record.size) == (3, 20, (64, 32))


def test_tensorart_takes_seed_and_model_from_the_graph(draw, found):
    asked = {"prompt": "a red fox", "negativePrompt": "blurry, ", "width": 64, "height": 32,
             "steps": 25, "cfgScale": 7, "seed": "-1", "ksamplerName": "euler_ancestral",
             "schedule": "karras", "baseModel": {"modelFileName": "WAI"}}
    record = found(draw.png(draw.text("generation_data", json.dumps(asked) + "\0"),
                            draw.text("prompt", json.dumps(draw.graph()))))

    assert (record.tool, record.prompt, record.negative_prompt) == (
        "TensorArt", "a red fox", "blurry")
    assert (record.seed, record.model, record.size) == (42, "foxes_v1", (64, 32))


@pytest.mark.parametrize("model", ["WAI v16", {"Model": "WAI v16", "Model hash": "aa"}])
def test_hugging_face_spaces(draw, found, model):
    asked = {"prompt": "a fox", "negative_prompt": "", "resolution": "1024 x 768", "seed": 4,
             "guidance_scale": 5.5, "num_inference_steps": 24, "sampler": "DPM++", "Model": model}
    record = found(draw.png(draw.text("parameters", json.dumps(asked))))

    assert (record.tool, record.model, record.size) == (
        "HuggingFace Space", "WAI v16", (1024, 768))
    assert (record.steps, record.cfg_scale, record.sampler) == (24, 5.5, "DPM++")


def test_pollinations(draw, found):
    asked = {"prompt": "a fox", "width": 64, "height": 32, "seed": 4, "model": "flux",
             "nologo": True, "negative_prompt": "blurry"}
    tiff = draw.exif({0x010F: "flux"}, {0x9286: b"ASCII\0\0\0" + json.dumps(asked).encode()})

    record = found(draw.jpeg((0xE1, b"Exif\0\0" + tiff)))

    assert (record.tool, record.prompt, record.model) == ("Pollinations", "a fox", "flux")


def test_artbot_is_told_by_the_software(draw, found):
    text = "a fox\nSteps: 28, Sampler: k_lms, CFG scale: 8, Seed: 1, Size: 8x8, model: Deliberate"
    tiff = draw.exif({0x0131: "ArtBot - Create images with Stable Diffusion"},
                     {0x9286: b"ASCII\0\0\0" + text.encode()})

    assert found(draw.jpeg((0xE1, b"Exif\0\0" + tiff))).tool == "ArtBot / AI Horde"


@pytest.mark.parametrize(("key", "tool"), [
    ("invokeai_graph", "InvokeAI"), ("sd-metadata", "InvokeAI"), ("generation_data", ""),
])
def test_what_a_generator_wrote_in_a_new_way_is_kept_raw(draw, found, key, tool):
    record = found(draw.png(draw.text(key, "something new")))

    assert record
    assert (record.tool, record.raw) == (tool, {key: "something new"})


def test_a_plain_prompt_without_parameters_is_a_prompt(draw, found):
    assert found(draw.png(draw.text("prompt", "a fox"))).prompt == "a fox"
    record = found(draw.png(draw.text("parameters", "a fox\nNegative prompt: blurry")))
    assert (record.prompt, record.negative_prompt) == ("a fox", "blurry")


def test_the_date_of_the_file_is_taken_from_exif_when_the_generator_has_none(draw, found):
    tiff = draw.exif({0x0132: "2025:02:24 15:40:35", 0x010E: draw.infotext})

    assert found(draw.webp((b"EXIF", tiff))).captured_at == "2025-02-24T15:40:35"


NOTHING = {
    "a screenshot's comment": lambda d: d.png(
        d.chunk(b"eXIf", d.comment(b"ASCII\0\0\0Screenshot"))),
    "GIMP": lambda d: d.png(d.text("Comment", "Created with GIMP"), d.text("Software", "GIMP")),
    "draw.io": lambda d: d.png(d.text("mxfile", "%3Cmxfile%20host%3D%22app%22%3E")),
    "Lightroom": lambda d: d.jpeg((0xE1, b"http://ns.adobe.com/xap/1.0/\0" + d.xmp(
        'xmlns:s="s" xmlns:x="x" x:CreatorTool="Adobe Lightroom"',
        '<x:History><rdf:Seq><rdf:li s:action="derived" s:parameters="saved to new location"/>'
        "</rdf:Seq></x:History>"))),
    "a camera": lambda d: d.jpeg((0xE1, b"Exif\0\0" + d.exif(
        {0x010F: "FUJIFILM", 0x0110: "FinePix", 0x0131: "Ver2.00", 0x0132: "2005:09:11 16:23:02"},
        {0x9003: "2005:09:11 16:23:02", 0x9286: bytes(64)}))),
    "a photo's description": lambda d: d.png(
        d.text("Description", "Ten steps: 20 stairs"), d.text("Title", "Home")),
    "JSON of another program": lambda d: d.png(d.text("Comment", '{"prompt": "C:\\\\>", "a": 1}')),
    "a photo's XMP": lambda d: d.webp((b"XMP ", d.xmp(
        'xmlns:i="i" i:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/'
        'digitalCapture"'))),
}


@pytest.mark.parametrize("name", NOTHING)
def test_other_programs_give_nothing(draw, found, name):
    record = found(NOTHING[name](draw))

    assert not record
    assert record.raw is None
