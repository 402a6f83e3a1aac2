"""A seeded library of made-up images, as one person fills it over years: records, no pictures.

What is modelled, because it matters for an index: a few phrases are everywhere and a long tail of
names occurs once; one prompt is rendered several times, and two of three times unchanged; what
somebody works on drifts; tags and models are few; some text is Japanese, accented, or a picture
sign. The first thousand images of a larger library are those of a smaller one.
"""

from __future__ import annotations

import bisect
import functools
import hashlib
import itertools
import random
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from imagelib.library.values.image import Image

SUBJECTS = """1girl| portrait of a woman| an old fisherman| a young knight in ornate armor|
cyberpunk street samurai| red fox in the snow| black cat with golden eyes| steampunk airship|
abandoned cathedral| ancient forest temple| floating island| neon lit alley in tokyo| lighthouse
on a stormy cliff| astronaut on an alien planet| robot gardener| dragon perched on a mountain
peak| mermaid in a coral reef| wizard reading a grimoire| desert caravan at dusk| underwater
city| crystal cave| japanese tea house| viking longship| white horse on a beach| giant mech
warrior| cozy library with fireplace| medieval market| art deco hotel lobby| jazz musician with
a saxophone| retro diner at midnight| snow leopard| elven queen| clockwork owl| bioluminescent
jellyfish| cherry blossom garden| koi pond| aurora over a frozen lake| rainy window with bokeh
lights| plague doctor| paper lantern festival| bowl of ramen| macro shot of a dew drop|
isometric voxel room| pixel art dungeon| logo of a bear| two lovers under an umbrella"""
DETAILS = """golden hour lighting| volumetric light| rim lighting| soft focus| 35mm photo|
shallow depth of field| intricate details| red scarf| flowing hair| freckles| glowing eyes| wet
pavement reflections| film grain| long exposure| wide angle| low angle shot| close-up| muted
colors| vivid colors| pastel palette| moody atmosphere| fog| falling leaves| lens flare|
dramatic shadows| ornate frame| silk dress| leather jacket| brass goggles| oil painting|
watercolor| ink wash| studio photo| unreal engine| octane render| flat illustration| ukiyo-e
woodblock print| stained glass| low poly| double exposure"""
QUALITIES = """masterpiece| best quality| highly detailed| 8k| ultra realistic| sharp focus|
award winning| trending on artstation| absurdres| cinematic lighting| photorealistic| high
resolution"""
ADJECTIVES = """ancient| weary| luminous| delicate| colossal| mysterious| serene| vivid| faded|
rusted| gilded| forgotten| restless| hidden| sacred| broken| fragile| tangled| velvet| obsidian|
copper| ivory| crimson| emerald| sapphire| amber| turquoise| lavender| smoky| frosted| hollow|
silent| burning| drowned| woven| mossy"""
NOUNS = """lantern| feather| mirror| compass| ribbon| mask| crown| umbrella| violin| telescope|
hourglass| garden| staircase| banner| statue| fountain| shadow| reflection| silhouette| thread|
ember| petal| shell| bridge| gate| window| machine| engine| antenna| vine| root| branch| stone|
river| tower| cloak| blade| book| map| cup"""
JOINTS = "with|and|surrounded by|holding|wearing|made of|covered in|framed by|next to|lit by"
ARTISTS = """Greg Rutkowski| Alphonse Mucha| Zdzisław Beksiński| Moebius| Hayao Miyazaki| Wlop|
H. R. Giger| Katsuhiro Ōtomo| René Magritte| Gustav Klimt| Salvador Dalí| Joaquín Sorolla|
Caspar David Friedrich"""
JAPANESE = "桜|東京の夜景|侍|青い空|雪の女王|水墨画|森の中の神社|星空|赤い傘|夏祭り|古い図書館"
MODELS = """SDXL 1.0| Flux.1 dev| Midjourney v6.1| DALL·E 3| Pony Diffusion V6 XL| Juggernaut
XL| Stable Diffusion 1.5| DreamShaper 8| RealVisXL V4.0| Illustrious XL| Flux.1 schnell| SD 3.5
Large| Animagine XL"""
TAGS = """portrait| landscape| anime| fantasy| scifi| cyberpunk| character| photo| architecture|
animal/fox| animal/cat| animal/dragon| robot| nature| city| night| sunset| water| forest| space|
food| product| logo| pattern| pixel-art| watercolor| oil| bw| macro| fashion| armor| vehicle|
wip| favourite| print| client/aurora| client/north| winter| autumn| wallpaper| upscaled|
inpainted| to fix| reference| study| poster| cover| avatar| texture"""
NOTES = """best of the batch| hands need fixing| try again with higher cfg| used for the blog
header| too saturated| client picked this one| print at A3| good base for img2img| composition
is great"""
TOOLS = "ComfyUI|AUTOMATIC1111|Forge|InvokeAI|Midjourney"
SAMPLERS = "Euler a|DPM++ 2M Karras|DPM++ SDE|UniPC|DDIM"
NEGATIVES = """lowres, bad anatomy, bad hands, text, watermark| blurry, jpeg artifacts,
signature| worst quality, extra fingers, cropped"""
SIZES = [(1024, 1024), (832, 1216), (1216, 832), (768, 1344), (1344, 768), (512, 768), (512, 512)]
RATINGS = [0] * 9 + [1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 5]
SYLLABLES = tuple(part.split("|") for part in (
    "b|br|c|ch|d|dr|f|g|gr|h|j|k|kh|l|m|n|p|r|s|sh|st|t|th|tr|v|w|z",
    "a|e|i|o|u|ae|ai|ea|io|é", "|n|r|l|s|th|m|x|rk"))
#: How many names there are to draw from; most are drawn once or never.
NAMES = 120_000


class Bank:
    """Phrases, the first ones far more frequent than the last ones."""

    def __init__(self, rng: random.Random, phrases: str) -> None:
        self._rng = rng
        self._phrases = [" ".join(phrase.split()) for phrase in phrases.split("|")]
        self._weights = cumulated(len(self._phrases), 0.9, 2.7)

    def pick(self, shift: int = 0) -> str:
        """Draw one; *shift* makes others the frequent ones."""
        rank = drawn(self._rng, self._weights) + shift
        return self._phrases[rank % len(self._phrases)]


def cumulated(count: int, exponent: float, offset: float) -> list[float]:
    """The running sums of weights that fall with the rank (Zipf and Mandelbrot)."""
    return list(itertools.accumulate((rank + offset) ** -exponent for rank in range(1, count + 1)))


def drawn(rng: random.Random, weights: Sequence[float]) -> int:
    """A rank, by its weight."""
    return bisect.bisect_left(weights, rng.random() * weights[-1])


@functools.lru_cache(None)
def name(number: int) -> str:
    """A made-up word: a place, a character, a LoRA."""
    rng = random.Random(number * 2_654_435_761 % 2**32)
    return "".join(rng.choice(part) for _ in range(rng.choice((2, 2, 3, 4))) for part in SYLLABLES)


class Corpus:
    """Draws prompts and images."""

    def __init__(self, seed: int = 7) -> None:
        self._rng = random.Random(seed)
        bank = functools.partial(Bank, self._rng)
        self._subject, self._detail, self._quality = bank(SUBJECTS), bank(DETAILS), bank(QUALITIES)
        self._adjective, self._noun, self._joint = bank(ADJECTIVES), bank(NOUNS), bank(JOINTS)
        self._artist, self._japanese, self._model = bank(ARTISTS), bank(JAPANESE), bank(MODELS)
        self._tag, self._note, self._tool = bank(TAGS), bank(NOTES), bank(TOOLS)
        self._sampler, self._negative = bank(SAMPLERS), bank(NEGATIVES)
        self._names = cumulated(NAMES, 0.85, 20)
        self._theme = 0

    def images(self, count: int) -> Iterator[Image]:
        """The first *count* images, the oldest first."""
        rng, moment, pk = self._rng, datetime(2022, 9, 1, 20), 0  # noqa: DTZ001 - wall-clock time
        while True:
            if rng.random() < 0.02:
                self._theme = rng.randrange(61) * 17
            moment += timedelta(seconds=int(rng.expovariate(1 / 2700)) + 5)
            prompt, size = self._prompt(), rng.choice(SIZES)
            shared = {"ai_model": self._model.pick(), "negative_prompt":
                      self._negative.pick() if rng.random() < 0.4 else ""}
            tool, steps = self._tool.pick(), str(rng.choice((20, 25, 30, 40)))
            sampler = self._sampler.pick()
            tags = tuple(sorted({self._tag.pick(self._theme) for _ in range(rng.choice(
                (0, 1, 2, 3, 3, 4, 5, 6)))}))
            for repeat in range(rng.choice((1, 1, 1, 2, 2, 3, 4, 4, 4, 6, 8, 12))):
                if pk == count:
                    return
                pk += 1
                moment += timedelta(seconds=rng.randint(3, 40))
                generation = {"tool": tool, "sampler": sampler, "steps": steps,
                              "seed": str(rng.getrandbits(32))}
                text = prompt if repeat == 0 or rng.random() < 0.65 else self._varied(prompt)
                yield self._image(pk, moment.isoformat(), prompt_text=text, width=size[0],
                                  height=size[1], tags=tags, generation=generation, **shared)

    def _image(self, pk: int, date: str, **values: object) -> Image:
        rng = self._rng
        image_id = str(uuid.UUID(int=rng.getrandbits(128), version=4))
        note = f"{self._note.pick()}; {self._name()}" if rng.random() < 0.2 else ""
        return Image(**{
            "pk": pk, "id": image_id, "file_name": f"{date[:7]}/{pk:06}.png", "original_name": "",
            "digest": hashlib.sha256(image_id.encode()).hexdigest(), "mime_type": "image/png",
            "size_bytes": rng.randint(200_000, 3_000_000), "captured_at": date,
            "created_at": f"{date}.000Z", "updated_at": f"{date}.000Z", "notes": note,
            "rating": rng.choice(RATINGS), "phash": f"{rng.getrandbits(64):016x}"} | values)

    def _prompt(self) -> str:
        rng = self._rng
        length = rng.randint(40, 200) if rng.random() < 0.06 else rng.randint(300, 600)
        tagged = rng.random() < 0.5
        parts = [self._quality.pick() for _ in range(rng.randint(2, 5))] if tagged else []
        parts.append(self._subject.pick(self._theme))
        while sum(map(len, parts)) + 2 * len(parts) < length:
            parts.append(self._phrase() if tagged else self._clause())
        text = ", ".join(parts)
        chance = rng.random()
        if chance < 0.2 and tagged:
            text += f" <lora:{self._name()}_v{rng.randint(1, 9)}:0.{rng.randint(5, 9)}>"
        elif chance < 0.21:
            text += f", {self._japanese.pick()}、{self._japanese.pick()}"
        elif chance < 0.22:
            text += rng.choice((" ✨", " 🦊", " 🌙"))
        return text if tagged else f"{text[0].upper()}{text[1:]}."

    def _phrase(self) -> str:
        chance = self._rng.random()
        text = (self._detail.pick() if chance < 0.5
                else f"{self._adjective.pick(self._theme)} {self._noun.pick(self._theme)}"
                if chance < 0.85 else f"by {self._artist.pick(self._theme)}" if chance < 0.92
                else self._name())
        return f"({text}:1.{self._rng.randint(1, 4)})" if self._rng.random() < 0.1 else text

    def _clause(self) -> str:
        chance = self._rng.random()
        noun = f"{self._adjective.pick(self._theme)} {self._noun.pick(self._theme)}"
        if chance < 0.6:
            return f"{self._joint.pick()} a {noun}"
        return f"the {noun} of {self._name()}" if chance < 0.85 else self._detail.pick()

    def _varied(self, prompt: str) -> str:
        parts = prompt.split(", ")
        parts[self._rng.randrange(len(parts))] = self._detail.pick()
        return ", ".join(parts)

    def _name(self) -> str:
        number = drawn(self._rng, self._names) + self._theme * 466
        word = name(number % NAMES)
        return word.capitalize() if self._rng.random() < 0.6 else word


def queries(images: Sequence[Image], seed: int = 11) -> list[str]:
    """What one asks such a library: words that occur and some that do not, fields, mixtures."""
    rng = random.Random(seed)
    found: list[str] = []
    for image in rng.sample(images, min(60, len(images))):
        words = [word.strip("(),.:<>").lower() for word in image.prompt_text.split()]
        words = [word for word in words if len(word) > 2] or ["fox"]
        one, other = rng.choice(words), rng.choice(words)
        tag = rng.choice(image.tags or ("portrait",))
        at = rng.randrange(max(1, len(words) - 1))
        phrase = " ".join(image.prompt_text.lower().split()[at:at + 2])
        found += [one, f"{one} {other}", f'"{phrase}"', f"{one} -{other}",
                  f"tag:{tag.split()[0]} {one}", f"{one[1:-1] or one} rating:>=3",
                  f"{one} date:{image.captured_at[:7]}"]
    return [*found, "masterpiece", "a", "fox", "red scarf", "(fox or cat) -dog", "東京",
            "beksinski", "unfindable", "tag:night -tag:city rating:4..5", "model:flux best quality"]
