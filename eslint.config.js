// The scripts of the gallery and the editor are classic ones: what one of them defines at its top is a global
// of all others. Which names these are is read from the scripts themselves.
"use strict";

const { readdirSync, readFileSync } = require("node:fs");
const { join } = require("node:path");
const js = require("@eslint/js");
const globals = require("globals");

const TEMPLATES = join(__dirname, "templates");

const ours = readdirSync(TEMPLATES, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".js"))
  .flatMap((name) => [...readFileSync(join(TEMPLATES, name), "utf8").matchAll(/^(?:const|function) (Imagelib\w*)/gm)])
  .map(([, name]) => name);

const rules = {
  ...js.configs.recommended.rules,
  "array-callback-return": "error",
  "eqeqeq": "error",
  "no-else-return": "error",
  "no-implicit-globals": "error",
  // What is at the top of a script is for the others.
  "no-redeclare": ["error", { builtinGlobals: false }],
  "no-unused-vars": ["error", { vars: "local", argsIgnorePattern: "^_" }],
  "no-self-compare": "error",
  "no-template-curly-in-string": "error",
  "no-var": "error",
  "object-shorthand": "error",
  "prefer-const": ["error", { destructuring: "all" }],
  "strict": ["error", "global"],
};

module.exports = [
  {
    files: ["templates/**/*.js"],
    languageOptions: {
      sourceType: "script",
      globals: { ...globals.browser, ...Object.fromEntries(ours.map((name) => [name, "readonly"])) },
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules,
  },
  {
    files: ["tests/js/**/*.mjs"],
    languageOptions: { sourceType: "module", globals: globals.node },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    // Tests read scripts as texts.
    rules: { ...rules, "no-template-curly-in-string": "off", "strict": "off" },
  },
  {
    files: ["eslint.config.js"],
    languageOptions: { sourceType: "commonjs", globals: globals.node },
    rules,
  },
  { ignores: ["node_modules/", "site/", "images/", ".*/", "imagelib-demo/"] },
];
