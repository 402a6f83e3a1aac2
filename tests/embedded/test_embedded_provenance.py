"""Labels: made by AI, but without a word on how."""

import json

import pytest

AI = "trainedAlgorithmicMedia"


def carried(draw, store):
    return {
        "png": draw.png(after=(draw.chunk(b"caBX", store),)),
        "webp": draw.webp((b"C2PA", store)),
        "jpeg": draw.jpeg((0xEB, b"JP\0\1\0\0\0\1" + store)),
    }


@pytest.mark.parametrize("container", ["png", "webp", "jpeg"])
@pytest.mark.parametrize(("marks", "tool"), [
    ({"agent": "DALL·E", "source": AI, "generator": "ChatGPT c2pa-rs/0.28.4"},
     "ChatGPT / DALL-E 3 (OpenAI)"),
    ({"agent": "GPT-4o", "source": AI, "generator": "ChatGPT"}, "ChatGPT (OpenAI)"),
    ({"agent": "Sora", "source": AI}, "Sora (OpenAI)"),
    ({"generator": "Adobe_Firefly c2pa-adobe-js/0.16.5"}, "Adobe Firefly"),
    ({"agent": "Image Creator from Designer", "source": AI,
      "generator": "Microsoft_Responsible_AI/1.0"}, "Microsoft Designer / Image Creator"),
    ({"source": AI, "generator": "Google C2PA Core Generator Library"}, "Google Gemini/Imagen"),
    ({"source": "compositeWithTrainedAlgorithmicMedia", "generator": "Adobe_Photoshop/26.0"},
     "Adobe Photoshop"),
    ({"source": AI, "generator": "Fox Painter/1.0"}, "Fox Painter/1.0"),
])
def test_c2pa_names_the_generator(draw, found, container, marks, tool):
    record = found(carried(draw, draw.c2pa(**marks))[container])

    assert (record.tool, record.prompt) == (tool, "")
    assert record.label in ("AI-generated", "Edited with AI")
    assert record.raw["c2pa"]


@pytest.mark.parametrize("marks", [
    {"generator": "make_test_images/0.26.0", "source": "algorithmicMedia"},
    {"generator": "Google C2PA Core Generator Library", "source": "computationalCapture"},
    {"generator": "Adobe_Photoshop/26.0"},
    {"generator": "Leica Camera", "source": "digitalCapture"},
    {},
])
def test_a_signed_photo_is_not_made_by_ai(draw, found, marks):
    assert not found(carried(draw, draw.c2pa(**marks))["jpeg"])


def test_the_own_manifest_is_the_last_one(draw, found):
    store = draw.c2pa(generator="OpenAI-API", source=AI) + draw.c2pa(generator="ChatGPT 2")

    record = found(carried(draw, store)["png"])

    assert record.extra["c2pa_generator"] == "ChatGPT 2"


def test_the_date_is_when_it_was_made_else_when_it_was_signed(draw, found):
    when = b"\x64when\xc0\x74" + b"2025-04-22T17:25:28Z"
    signed = (b"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x04\xa0\x73\x04\x71"
              + b"\x30" * 90 + b"\x18\x0f20240319154026Z")

    for more, date in ((when + signed, "2025-04-22T17:25:28"), (signed, "2024-03-19T15:40:26")):
        store = draw.c2pa(source=AI, more=more)
        assert found(carried(draw, store)["png"]).captured_at == date


def test_the_name_of_a_generator_may_stand_in_a_map(draw, found):
    store = draw.c2pa(source=AI, more=b"\x74claim_generator_info\xbf\x64name\x67ChatGPT\xff")

    assert found(carried(draw, store)["png"]).tool == "ChatGPT (OpenAI)"


def test_the_name_of_an_agent_may_stand_in_a_map(draw, found):
    agent = b"\x6dsoftwareAgent\xbf\x64name\x66GPT-4o\xff"

    record = found(carried(draw, draw.c2pa(source=AI, more=agent))["png"])

    assert record.extra["software_agent"] == "GPT-4o"


def test_midjourneys_bare_label(draw, found):
    packet = draw.xmp('xmlns:i="i" i:DigImageGUID="aeca4a6a" i:DigitalSourceType='
                      '"http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"')

    assert found(draw.png(draw.text("XML:com.adobe.xmp", packet))).tool == "Midjourney"


def test_googles_credit(draw, found):
    packet = draw.xmp('xmlns:p="p" p:Credit="Made with Google AI"')

    record = found(draw.webp((b"XMP ", packet)))

    assert (record.tool, record.label) == ("Google Gemini/Imagen", "AI-generated")


@pytest.mark.parametrize("twice", [False, True])
def test_chinas_label_as_json_and_as_json_in_json(draw, found, twice):
    text = json.dumps({"Label": "1", "ContentProducer": "0011", "ProduceID": "x"})
    record = found(draw.png(draw.text("AIGC", json.dumps(text) if twice else text)))

    assert (record.tool, record.label) == ("Chinese AIGC label (TC260)", "AI-generated")
    assert record.extra["content_producer"] == "0011"


def test_dreamina(draw, found):
    text = json.dumps({"aigc_info": {"aigc_label_type": 0, "source_info": "dreamina"}})
    record = found(draw.webp((b"EXIF", draw.comment(b"ASCII\0\0\0" + text.encode()))))

    assert record.tool == "Dreamina/Jimeng"


def test_dalle_2(draw, found):
    tiff = draw.exif({0x9286: "Made with OpenAI Labs",
                      0x927C: "OpenAI--ImageGeneration--generation-4olKSl"})

    assert found(draw.jpeg((0xE1, b"Exif\0\0" + tiff))).tool == "DALL-E 2 (OpenAI Labs)"


def test_a_label_beside_a_prompt_is_only_a_detail(draw, found):
    packet = draw.xmp('xmlns:i="i" i:DigitalSourceType="trainedAlgorithmicMedia"')
    record = found(draw.png(draw.itxt("XML:com.adobe.xmp", packet),
                            draw.text("parameters", draw.infotext)))

    assert (record.tool, record.label) == ("AUTOMATIC1111", "")
    assert record.extra["digital_source_type"] == AI
