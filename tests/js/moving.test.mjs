// Where an image comes that is moved in an album.
import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./load.mjs";

const { follower, moved, stepped } = load("ImagelibMoving", "moving.js");

test("an image comes in front of another one, or to the end", () => {
  assert.deepEqual(moved([1, 2, 3, 4], 4, 2), [1, 4, 2, 3]);
  assert.deepEqual(moved([1, 2, 3, 4], 1, 4), [2, 3, 1, 4]);
  assert.deepEqual(moved([1, 2, 3, 4], 2, -1), [1, 3, 4, 2]);
  assert.deepEqual(moved([1, 2, 3], 2, 2), [1, 2, 3]);
});

test("a step and its way back lead to where it stood", () => {
  const order = [1, 2, 3, 4];
  for (const pk of order) {
    for (const step of [-1, 1]) {
      const ahead = stepped(order, pk, step);
      const place = order.indexOf(pk) + step;
      if (place < 0 || place > 3) {
        assert.equal(ahead, null);
        continue;
      }
      const now = moved(order, pk, ahead);
      assert.equal(now.indexOf(pk), place);
      assert.deepEqual(moved(now, pk, follower(order, pk)), order);
    }
  }
});
