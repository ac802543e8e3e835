// What mail programs do not know of a letter, as JSON: `node caniemail.mjs PACKAGE CLIENTS FILES…`.
// CLIENTS are patterns with commas between them; the answer is {feature: {errors: [client…], warnings: […]}}.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [, , folder, clients, ...files] = process.argv;
const { caniemail } = await import(pathToFileURL(folder + "/dist/index.js"));
const found = {};
for (const file of files) {
  const { issues } = caniemail({ clients: clients.split(","), html: readFileSync(file, "utf8") });
  for (const kind of ["errors", "warnings"]) {
    for (const [client, list] of issues[kind]) {
      for (const { title } of list) {
        const feature = (found[title] ??= { errors: [], warnings: [] });
        if (!feature[kind].includes(client)) feature[kind].push(client);
      }
    }
  }
}
process.stdout.write(JSON.stringify(found));
