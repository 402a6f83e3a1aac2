// Where an image comes that is moved in an order. Pure functions of pks.
"use strict";

const ImagelibMoving = (() => {
  /** The one behind another, or -1 at the end. @param {number[]} order @param {number} pk */
  const follower = (order, pk) => order[order.indexOf(pk) + 1] ?? -1;

  /** The order with one in front of another, or with -1 at the end. @param {number[]} order @param {number} pk @param {number} ahead */
  function moved(order, pk, ahead) {
    if (ahead === pk) return order;
    const rest = order.filter((one) => one !== pk);
    const at = ahead < 0 ? rest.length : rest.indexOf(ahead);
    return [...rest.slice(0, at), pk, ...rest.slice(at)];
  }

  /** In front of which one it comes by one step, -1 for the end; null if it stands at that end. @param {number[]} order @param {number} pk @param {number} step  1 or -1 */
  function stepped(order, pk, step) {
    const to = order.indexOf(pk) + step;
    if (to < 0 || to >= order.length) return null;
    return step < 0 ? order[to] : follower(order, order[to]);
  }

  return { follower, moved, stepped };
})();
