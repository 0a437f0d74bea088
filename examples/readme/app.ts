// What an application has of its own; here as little as the example needs to run.
import type { Identity } from "@holdfast/gateway";
