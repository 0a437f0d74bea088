// Installs and builds Holdfast itself, as npm start does, when something changed.
import { build } from "../../../tools/steps/build.mjs";
import { installIfNeeded } from "../../../tools/steps/install.mjs";

process.exitCode = (await installIfNeeded()) && (await build()) ? 0 : 1;
