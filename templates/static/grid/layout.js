// Where each picture of the grid stands: justified rows, pictures in their own shape.
// Pure functions of sizes, so that nothing has to be measured and nothing ever jumps.
"use strict";

/**
 * @typedef {object} GridLayout
 * @property {Int32Array} first  The first item of each row, and one behind the last item.
 * @property {Float64Array} top  Where each row begins, and where the last one ends.
 * @property {Float64Array} height  How high the pictures of each row are.
 * @property {number} rows
 *
 * @typedef {{width: number, height: number, gap: number, caption: number}} GridMeasures
 */

const ImagelibLayout = (() => {
  /** Narrower and wider pictures are cropped in the grid. */
  const [NARROWEST, WIDEST] = [0.5, 2.6];

  /** Narrower tiles have no room for a name: then a row rather has fewer pictures, up to so much higher. In pixels; in row heights. */
  const [LEAST, MOST] = [125, 2.2];

  /** How high a line of the list is, of a row of pictures, and at least, so that its texts have room; wider than
   * `WIDE`, all but the name is one line. In row heights; in pixels. */
  const [LIST, LOWEST, WIDE, LOWEST_WIDE] = [0.55, 92, 640, 56];

  /** @param {number} width @param {number} height */
  const aspect = (width, height) => Math.min(WIDEST, Math.max(NARROWEST, width / height || 1));

  /**
   * Place pictures in rows of their own shapes, in squares, or one below the other; returns the shapes
   * that they have there too.
   * @param {string} shape  rows, squares or list @param {Float32Array} aspects @param {GridMeasures} measures
   * @returns {{layout: GridLayout, aspects: Float32Array}}
   */
  function arrange(shape, aspects, measures) {
    const { width, height, gap } = measures;
    if (shape === "squares") {
      const columns = Math.max(1, Math.round((width + gap) / (height + gap)));
      const side = (width - gap * (columns - 1)) / columns;
      return { layout: uniform(aspects.length, columns, side, measures), aspects: new Float32Array(aspects.length).fill(1) };
    }
    if (shape === "list") {
      const line = Math.max(width < WIDE ? LOWEST : LOWEST_WIDE, height * LIST);
      const layout = uniform(aspects.length, 1, line, { ...measures, caption: 0 });
      return { layout, aspects: new Float32Array(aspects.length).fill(width / line) };
    }
    return { layout: justified(aspects, measures), aspects };
  }

  /** Rows of equal cells. @param {number} count @param {number} columns @param {number} height @param {GridMeasures} measures @returns {GridLayout} */
  function uniform(count, columns, height, { gap, caption }) {
    const rows = Math.ceil(count / columns);
    return {
      rows,
      first: Int32Array.from({ length: rows + 1 }, (_, row) => Math.min(count, row * columns)),
      top: Float64Array.from({ length: rows + 1 }, (_, row) => row * (height + caption + gap)),
      height: new Float64Array(rows).fill(height),
    };
  }

  /**
   * Fill rows of a width with pictures of about one height.
   * @param {ArrayLike<number>} aspects @param {GridMeasures} measures
   * @returns {GridLayout}
   */
  function justified(aspects, { width, height, gap, caption }) {
    // At most one row for each picture, and one end.
    const first = new Int32Array(aspects.length + 1);
    const top = new Float64Array(aspects.length + 1);
    const heights = new Float64Array(aspects.length);
    const least = caption ? Math.min(LEAST, width / 2.9) : 0;
    let rows = 0;
    let sum = 0;
    let narrowest = Infinity;
    for (let i = 0; i < aspects.length; i++) {
      const count = i - first[rows] + 1;
      const full = (width - gap * (count - 1)) / (sum + aspects[i]);
      const before = count > 1 ? (width - gap * (count - 2)) / sum : Infinity;
      narrowest = Math.min(narrowest, aspects[i]);
      const isNarrow = narrowest * full < least && before < height * MOST;
      if (full > height && !isNarrow) {
        sum += aspects[i];
        continue;
      }
      // The row is full: with this picture it is too low, without it too high. Take the nearer.
      if (isNarrow || before / height < height / full) close(i--, before);
      else close(i + 1, full);
      [sum, narrowest] = [0, Infinity];
    }
    if (first[rows] < aspects.length) close(aspects.length, height);

    /** @param {number} end @param {number} rowHeight */
    function close(end, rowHeight) {
      heights[rows] = rowHeight;
      top[rows + 1] = top[rows] + rowHeight + caption + gap;
      first[++rows] = end;
    }

    return { first: first.slice(0, rows + 1), top: top.slice(0, rows + 1), height: heights.slice(0, rows), rows };
  }

  /** The row at a place. @param {GridLayout} layout @param {number} y */
  function rowAt(layout, y) {
    let [low, high] = [0, Math.max(0, layout.rows - 1)];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (layout.top[middle] <= y) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The row of an item. @param {GridLayout} layout @param {number} item */
  function rowOf(layout, item) {
    let [low, high] = [0, Math.max(0, layout.rows - 1)];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (layout.first[middle] <= item) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /**
   * The items whose pictures an area touches, in their order.
   * @param {GridLayout} layout @param {Float32Array} aspects @param {number} gap
   * @param {{left: number, right: number, top: number, bottom: number}} area
   */
  function within(layout, aspects, gap, { left, right, top, bottom }) {
    /** @type {number[]} */
    const items = [];
    for (let row = rowAt(layout, top); row < layout.rows && layout.top[row] <= bottom; row++) {
      const height = layout.height[row];
      if (layout.top[row] + height < top) continue; // only its caption is touched
      for (let item = layout.first[row], from = 0; item < layout.first[row + 1]; item++) {
        const until = from + aspects[item] * height;
        if (from <= right && until >= left) items.push(item);
        from = until + gap;
      }
    }
    return items;
  }

  /**
   * Where another name begins, and the first: those that are near the one before are left out.
   * @param {number} count @param {(item: number) => number} nameOf @param {(item: number) => number} partOf  From 0 to 1, ascending.
   * @param {number} nearest @returns {{name: number, part: number}[]}
   */
  function marks(count, nameOf, partOf, nearest) {
    /** @type {{name: number, part: number}[]} */
    const found = [];
    let last = NaN;
    for (let item = 0; item < count; item++) {
      const name = nameOf(item);
      if (name === last) continue;
      last = name;
      const part = partOf(item);
      if (!found.length || part - found[found.length - 1].part >= nearest) found.push({ name, part });
    }
    return found;
  }

  return { arrange, aspect, justified, marks, rowAt, rowOf, within };
})();
