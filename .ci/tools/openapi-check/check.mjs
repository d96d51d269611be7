// Holds the document to the published JSON Schema of OpenAPI 3.1, references included, and prints how many faults there are.
import { Validator } from "@seriousme/openapi-schema-validator";

const validator = new Validator();
const { valid, errors } = await validator.validate(process.argv[2]);
const faults = valid ? [] : Array.isArray(errors) ? errors : [errors];
for (const fault of faults) console.error(fault);
console.log(`${process.argv[2]}: OpenAPI ${validator.version}, ${faults.length} faults`);
process.exit(valid && validator.version === "3.1" ? 0 : 1);
