// The main path through the official JavaScript SDK: sign in, integration, credential, config, action, draft,
// publishing, a stale version, a test, audits. Values are asserted; what is wrong is told.
//
// The job is a line of JSON on stdin: `{story, url, organization, client: [id, secret], other}`. What came of
// it is a line of JSON on stdout: `{values, answers, problems}`.

const { readFileSync } = require('node:fs');
const { isDeepStrictEqual } = require('node:util');
const sdk = require('purecloud-platform-client-v2');

const job = JSON.parse(readFileSync(0, 'utf8'));
const client = sdk.ApiClient.instance;
const integrations = new sdk.IntegrationsApi();
const audits = new sdk.AuditApi();

const FUNCTION = 'arn:aws:lambda:us-east-1:123456789012:function:orders';
const SLOT = 'AmazonWebServicesARN';
const PLANTED = 'arn:aws:iam::123456789012:role/planted-and-never-told';
const INPUT = { type: 'object', properties: { order: { type: 'string' } } };

const told = { values: 0, answers: 0, problems: [] };
const bodies = [];

function equal(what, found, expected) {
  told.values += 1;
  if (!isDeepStrictEqual(found, expected)) {
    told.problems.push(`${what}: found ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`);
  }
}

// A call that succeeds with a status; gives the body.
async function answered(what, status, call) {
  try {
    const answer = await call;
    bodies.push(JSON.stringify(answer.body ?? null));
    equal(`${what}: status`, answer.status, status);
    return answer.body;
  } catch (refusal) {
    throw new Error(`${what}: ${refusal.status} ${JSON.stringify(refusal.body ?? String(refusal))}`);
  }
}

async function refused(what, status, code, message, call) {
  told.values += 1;
  try {
    await call;
    told.problems.push(`${what}: expected ${status} ${code}, but the call succeeded`);
  } catch (refusal) {
    const { body } = refusal;
    bodies.push(JSON.stringify(body ?? null));
    equal(what, [refusal.status, body?.status, body?.code, body?.message], [status, status, code, message]);
    equal(`${what}: context`, body?.contextId, refusal.headers?.['inin-correlation-id']);
  }
}

async function signIn() {
  const [id, secret] = job.client;
  try {
    await client.loginClientCredentialsGrant(id, `${secret}x`);
    told.problems.push('a wrong secret signs in');
  } catch (refusal) {
    const description = 'authentication failed';
    equal('a wrong secret', refusal.response?.status, 401);
    equal('why', refusal.response?.data, { error: 'invalid_client', description, error_description: description });
  }
  const before = Date.now();
  const signed = await client.loginClientCredentialsGrant(id, secret);
  equal('a token', typeof signed.accessToken, 'string');
  equal('for a day', Math.round((signed.tokenExpiryTime - before) / 3_600_000), 24);
  const organization = await answered('organization', 200, new sdk.OrganizationApi().getOrganizationsMe());
  equal('organization', [organization.id, organization.name], [job.organization, 'Example']);
}

async function integration() {
  const made = await answered(
    'integration',
    200,
    integrations.postIntegrations({ body: { name: 'Lambda', integrationType: { id: 'aws-lambda-data-actions' } } }),
  );
  equal('as it begins', [made.intendedState, made.reportedState.code], ['DISABLED', 'INACTIVE']);
  const role = { name: 'role', type: { name: 'amazonWebServicesARN' }, credentialFields: { ARN: PLANTED } };
  const credential = await answered('credential', 200, integrations.postIntegrationsCredentials({ body: role }));
  const read = await answered('credential', 200, integrations.getIntegrationsCredential(credential.id));
  equal('its fields', read.credentialFields, { ARN: '********' });
  const config = await answered('config', 200, integrations.getIntegrationConfigCurrent(made.id));
  equal('its version', config.version, 1);
  const next = { ...config, credentials: { [SLOT]: { id: credential.id } } };
  const put = () => integrations.putIntegrationConfigCurrent(made.id, { body: next });
  const after = await answered('config', 200, put());
  equal('after', [after.version, after.credentials[SLOT].id], [2, credential.id]);
  await refused(
    'a stale config',
    409,
    'version.conflict',
    'Integration configuration update failed due to version conflict.',
    put(),
  );
  const enabled = await answered(
    'enable',
    200,
    integrations.patchIntegration(made.id, { body: { intendedState: 'ENABLED' } }),
  );
  equal('at first', [enabled.intendedState, enabled.reportedState.code], ['ENABLED', 'ACTIVATING']);
  await advance(61);
  const active = await answered('later', 200, integrations.getIntegration(made.id));
  equal('later', [active.intendedState, active.reportedState.code], ['ENABLED', 'ACTIVE']);
  return made.id;
}

// Moves the simulated clock ahead, by the simulator's control API.
async function advance(seconds) {
  const answer = await fetch(`${job.url}/_control/clock`, {
    method: 'POST',
    body: JSON.stringify({ advance_seconds: seconds }),
  });
  if (!answer.ok) throw new Error(await answer.text());
}

async function action(integrationId) {
  const made = await answered(
    'action',
    201,
    integrations.postIntegrationsActions({
      name: 'Orders',
      category: 'Orders',
      integrationId,
      secure: false,
      contract: { input: { inputSchema: INPUT }, output: { successSchema: { type: 'object', properties: {} } } },
      config: {
        timeoutSeconds: 10,
        request: {
          requestUrlTemplate: FUNCTION,
          requestType: 'POST',
          headers: {},
          requestTemplate: '${input.rawRequest}',
        },
        response: {},
      },
    }),
  );
  equal(
    'as it begins',
    [made.name, made.version, made.integrationId, made.config],
    ['Orders', 1, integrationId, undefined],
  );
  const read = await answered(
    'read',
    200,
    integrations.getIntegrationsAction(made.id, { expand: 'contract', includeConfig: true }),
  );
  equal('function', read.config.request.requestUrlTemplate, FUNCTION);
  equal('input', read.contract.input.inputSchema, INPUT);
  const template = await answered(
    'template',
    200,
    integrations.getIntegrationsActionTemplate(made.id, 'requesttemplate.vm'),
  );
  equal('template', template, '${input.rawRequest}');
  const listed = await answered('list', 200, integrations.getIntegrationsActions({ pageSize: 100, name: 'ord' }));
  equal('listed', [listed.total, listed.entities[0].id], [1, made.id]);
  const patched = await answered(
    'patch',
    200,
    integrations.patchIntegrationsAction(made.id, { version: 1, category: 'New' }),
  );
  equal('patched', [patched.version, patched.category], [2, 'New']);
  const stale = integrations.patchIntegrationsAction(made.id, { version: 1, category: 'Never' });
  await refused('a stale patch', 400, 'bad.request', 'Supplied version 1 does not match the current version 2', stale);
  return made.id;
}

async function draft(actionId) {
  const made = await answered('draft', 201, integrations.postIntegrationsActionDraft(actionId));
  equal('as it begins', [made.id, made.version, made.category], [actionId, 1, 'New']);
  const patched = await answered(
    'patch',
    200,
    integrations.patchIntegrationsActionDraft(actionId, { version: 1, category: 'Newer' }),
  );
  equal('patched', [patched.version, patched.category], [2, 'Newer']);
  const valid = await answered('validation', 200, integrations.getIntegrationsActionDraftValidation(actionId));
  equal('valid', valid, { valid: true, errors: [] });
  tested(await answered('draft test', 200, integrations.postIntegrationsActionDraftTest(actionId, { order: '1' })));
  const publish = (version) => integrations.postIntegrationsActionDraftPublish(actionId, { version });
  await refused(
    'a stale publish',
    400,
    'bad.request',
    'Supplied version 1 does not match latest draft version 2',
    publish(1),
  );
  const live = await answered('publish', 200, publish(2));
  equal('published', [live.id, live.version, live.category], [actionId, 3, 'Newer']);
  await refused(
    'no draft is left',
    404,
    'not.found',
    `Action '${actionId}' was not found.`,
    integrations.getIntegrationsActionDraft(actionId),
  );
}

// No AWS is behind this simulator: a run ends where the role is assumed.
function tested(result) {
  const last = result.operations.at(-1);
  equal(
    'test',
    [result.success, last.name, last.success, result.error.code],
    [false, 'Assume role', false, 'invalid.credentials'],
  );
  equal(
    'steps before',
    result.operations.slice(0, -1).map((step) => [step.step, step.success]),
    [
      [1, true],
      [2, true],
      [3, true],
      [4, true],
    ],
  );
}

async function run(actionId) {
  tested(await answered('test', 200, integrations.postIntegrationsActionTest(actionId, { order: '1' })));
  const execute = integrations.postIntegrationsActionExecute(actionId, { order: '1' });
  await refused(
    'execute',
    400,
    'invalid.credentials',
    'The credentials of the integration are invalid: this simulator has no AWS side',
    execute,
  );
}

async function audited(actionId) {
  const hour = 3_600_000;
  const moment = (at) => new Date(at).toISOString();
  const interval = `${moment(Date.now() - hour)}/${moment(Date.now() + hour)}`;
  const query = {
    interval,
    serviceName: 'Integrations',
    filters: [
      { property: 'EntityId', value: actionId },
      { property: 'EntityType', value: 'Action' },
    ],
  };
  const now = await answered('real time', 200, audits.postAuditsQueryRealtime({ ...query, pageSize: 100 }));
  equal(
    'what was done',
    now.entities.map((record) => record.action),
    ['Publish', 'Update', 'Create'],
  );
  equal('by whom', [...new Set(now.entities.map((record) => record.client.id))], [job.client[0]]);
  const submitted = await answered('submit', 202, audits.postAuditsQuery(query));
  const states = [];
  for (const status of [202, 200]) {
    states.push((await answered('poll', status, audits.getAuditsQueryTransactionId(submitted.id))).state);
  }
  equal('states', states, ['Running', 'Succeeded']);
  const found = [];
  let cursor;
  do {
    const page = await answered(
      'results',
      200,
      audits.getAuditsQueryTransactionIdResults(submitted.id, { pageSize: 2, cursor }),
    );
    found.push(...page.entities.map((record) => record.id));
    cursor = page.cursor;
  } while (cursor && found.length < 10);
  equal(
    'by cursor',
    found,
    now.entities.map((record) => record.id),
  );
}

async function removed(integrationId, actionId) {
  await answered('delete', 204, integrations.deleteIntegrationsAction(actionId));
  await refused(
    'it is gone',
    404,
    'not.found',
    `Action '${actionId}' was not found.`,
    integrations.getIntegrationsAction(actionId),
  );
  await answered('delete', 200, integrations.deleteIntegration(integrationId));
}

async function main() {
  // The SDK's way to a host that is none of Genesys' regions; login and API are one here.
  const { hostname, port } = new URL(job.url);
  client.setGateway({ host: hostname, protocol: 'http', port: Number(port) });
  client.setReturnExtendedResponses(true);
  await signIn();
  const integrationId = await integration();
  const actionId = await action(integrationId);
  await draft(actionId);
  await run(actionId);
  await audited(actionId);
  await removed(integrationId, actionId);
  equal(
    'nothing tells the role',
    bodies.filter((body) => body.includes(PLANTED)),
    [],
  );
}

main()
  .catch((problem) => told.problems.push(problem.stack ?? String(problem)))
  .finally(() => console.log(JSON.stringify(told)));
