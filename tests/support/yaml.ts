/**
 * The YAML parser, typed once, as its package has no types.
 *
 * @module
 */

// @ts-types="./std_yaml.d.ts"
export { parse, parseAll } from "@std/yaml";
