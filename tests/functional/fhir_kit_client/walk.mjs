// What the Node client fhir-kit-client does with the running server: argument 1 is the base URL, 2 the token.
import { Client } from 'fhir-kit-client';

const [baseUrl, bearerToken] = process.argv.slice(2);
const client = new Client({ baseUrl, bearerToken });

const capability = await client.capabilityStatement();
const patient = await client.create({
  resourceType: 'Patient',
  body: { resourceType: 'Patient', name: [{ family: 'Kitson', given: ['Nodette'] }], birthDate: '1970-01-02' },
});
for (const value of [61, 62, 63]) {
  await client.create({
    resourceType: 'Observation',
    body: {
      resourceType: 'Observation',
      status: 'final',
      code: { coding: [{ system: 'http://loinc.org', code: '8867-4' }] },
      subject: { reference: `Patient/${patient.id}` },
      effectiveDateTime: `2026-01-02T03:${value - 50}:00Z`,
      valueQuantity: { value, unit: '/min', system: 'http://unitsofmeasure.org', code: '/min' },
    },
  });
}
const first = await client.search({
  resourceType: 'Observation',
  searchParams: { patient: patient.id, _include: 'Observation:subject', _count: 2, _sort: 'date' },
});
const second = await client.nextPage({ bundle: first });
const updated = await client.update({
  resourceType: 'Patient', id: patient.id, body: { ...patient, gender: 'female' },
});
const patched = await client.patch({
  resourceType: 'Patient',
  id: patient.id,
  jsonPatch: [{ op: 'replace', path: '/birthDate', value: '1970-01-03' }],
});
const everything = await client.operation({
  name: '$everything', resourceType: 'Patient', id: patient.id, method: 'GET',
});
const history = await client.history({ resourceType: 'Patient', id: patient.id });
const values = (bundle, type) =>
  bundle.entry.map((one) => one.resource).filter((one) => one.resourceType === type);
const doomed = values(second, 'Observation')[0];
await client.delete({ resourceType: 'Observation', id: doomed.id });
let afterDeletion;
try {
  await client.read({ resourceType: 'Observation', id: doomed.id });
} catch (error) {
  afterDeletion = error.response.status;
}

console.log(JSON.stringify({
  fhirVersion: capability.fhirVersion,
  pages: [first, second].map((one) => values(one, 'Observation').map((it) => it.valueQuantity.value)),
  included: values(first, 'Patient').map((one) => one.id === patient.id),
  updated: [updated.gender, updated.meta.versionId],
  patched: patched.birthDate,
  everything: everything.entry.map((one) => one.resource.resourceType).sort(),
  versions: history.entry.length,
  afterDeletion,
}));
