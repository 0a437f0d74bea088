// Loaded into the gateway of npm start before its own code (node --import). Its workers, which load it
// too, are for their supervisor to end.
import cluster from "node:cluster";
import { endWithParent } from "./parent.mjs";

if (cluster.isPrimary) endWithParent();
