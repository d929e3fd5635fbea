/** A process without a port: it tells, in the file that is its argument, what a mesh gives to callers, and stays. */
import { renameSync, writeFileSync } from "node:fs";

const file = process.argv[2]!;
const given = Object.entries(process.env).filter(([name]) => /_SERVICE_|_PROXY$/i.test(name));
writeFileSync(`${file}.new`, JSON.stringify(Object.fromEntries(given)));
renameSync(`${file}.new`, file);
setInterval(() => {}, 60_000);
