// The justified rows of the grid.
import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./load.mjs";

const { arrange, aspect, justified, marks, rowAt, rowOf, within } = load("ImagelibLayout", "layout.js");
const MEASURES = { width: 1000, height: 240, gap: 10, caption: 60 };

function random(count, seed = 7) {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return 0.5 + (state / 2 ** 31) * 2.1;
  });
}

test("every row but the last fills the width, and no item is lost", () => {
  for (const width of [200, 366, 1000, 2400]) {
    const aspects = random(500);
    const layout = justified(aspects, { ...MEASURES, width });
    assert.equal(layout.first[0], 0);
    assert.equal(layout.first[layout.rows], aspects.length);
    for (let row = 0; row < layout.rows - 1; row++) {
      const items = aspects.slice(layout.first[row], layout.first[row + 1]);
      assert.ok(items.length > 0);
      const used = items.reduce((sum, a) => sum + a * layout.height[row], 0) + 10 * (items.length - 1);
      assert.ok(Math.abs(used - width) < 0.01, `${used} of ${width}`);
      assert.ok(Math.abs(layout.top[row] + layout.height[row] + 70 - layout.top[row + 1]) < 0.01);
    }
    assert.equal(layout.height[layout.rows - 1] <= 240 * 1.9, true);
  }
});

test("a row rather has fewer pictures than one too narrow for a name, unless it would tower", () => {
  for (const [width, height] of [[296, 168], [366, 168], [406, 168], [933, 248], [1600, 248]]) {
    for (const seed of [1, 2, 3, 4]) {
      const aspects = random(600, seed);
      const layout = justified(aspects, { ...MEASURES, width, height });
      const least = Math.min(125, width / 2.9);
      for (let row = 0; row < layout.rows - 1; row++) {
        const items = [...aspects.slice(layout.first[row], layout.first[row + 1])];
        if (items.length === 1 || Math.min(...items) * layout.height[row] >= least - 0.01) continue;
        const fewer = items.slice(0, -1);
        const without = (width - 10 * (fewer.length - 1)) / fewer.reduce((sum, a) => sum + a, 0);
        assert.ok(without >= height * 2.2 - 0.01, `${items} of ${width}`);
      }
    }
  }
});

test("a row and its items find each other", () => {
  const layout = justified(random(1000), MEASURES);
  for (let row = 0; row < layout.rows; row++) {
    assert.equal(rowAt(layout, layout.top[row] + 1), row);
    for (let item = layout.first[row]; item < layout.first[row + 1]; item++) assert.equal(rowOf(layout, item), row);
  }
  assert.equal(rowAt(layout, -50), 0);
  assert.equal(rowAt(layout, 1e9), layout.rows - 1);
});

test("nothing is laid out as nothing", () => {
  assert.equal(justified([], MEASURES).rows, 0);
  assert.equal(justified([], MEASURES).top[0], 0);
});

test("shapes are kept within bounds, whatever the size says", () => {
  assert.equal(aspect(640, 480), 640 / 480);
  assert.equal(aspect(4000, 1), 2.6);
  assert.equal(aspect(1, 4000), 0.5);
  assert.equal(aspect(0, 0), 1);
});

test("an area touches the pictures that it lies over, and no others", () => {
  const aspects = Float32Array.from({ length: 10 }, () => 1);
  const { layout } = arrange("squares", aspects, { width: 430, height: 100, gap: 10, caption: 40 });  // four in a row
  const touched = (left, top, right, bottom) => within(layout, aspects, 10, { left, top, right, bottom });
  assert.deepEqual(touched(-20, -20, 500, 2000), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual(touched(105, 20, 215, 160), [1, 5]);  // from the gap behind one
  assert.deepEqual(touched(0, 105, 430, 145), []);  // captions alone
  assert.deepEqual(touched(300, 305, 430, 400), []);  // behind the last one
  assert.deepEqual(touched(20, 110, 20, 160), [4]);
  assert.deepEqual(within(justified([], MEASURES), [], 10, { left: 0, top: 0, right: 9, bottom: 9 }), []);
});

test("a mark stands where another year begins, and not where it would cover the one before", () => {
  const years = [2026, 2026, 2025, 2024, 2023, 2023];
  assert.deepEqual(marks(6, (item) => years[item], (item) => item / 10, 0.15),
    [{ name: 2026, part: 0 }, { name: 2025, part: 0.2 }, { name: 2023, part: 0.4 }]);
  assert.deepEqual(marks(0, () => 0, () => 0, 0.1), []);
});
