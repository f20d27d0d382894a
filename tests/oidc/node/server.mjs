// An identity service for tests: oidc-provider with the addresses of the platform's, and the kinds of apps it has.
// Prints its address once it listens. Anybody can log in with any name and password.
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const server = createServer();
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;

const person = { grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] };
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'service-app',
      client_secret: process.env.SERVICE_SECRET,
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
    },
    {
      ...person,
      client_id: 'native-app',
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      redirect_uris: ['http://127.0.0.1/signin-callback', 'http://localhost:3000/signin-callback'],
    },
    {
      ...person,
      client_id: 'web-app',
      client_secret: process.env.SERVICE_SECRET,
      application_type: 'native', // for a redirect to any port of this machine
      redirect_uris: ['http://127.0.0.1/signin-callback'],
    },
  ],
  cookies: { keys: ['for tests only'] },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    revocation: { enabled: true, allowedPolicy: () => true },
  },
  // As the platform's: the scope offline_access is enough, without prompt=consent.
  issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
  routes: {
    authorization: '/connect/authorize',
    introspection: '/connect/introspect',
    revocation: '/connect/revocation',
    token: '/connect/token',
  },
  rotateRefreshToken: true,
  scopes: ['itwin-platform', 'offline_access', 'openid'],
  ttl: { AccessToken: 3600, ClientCredentials: 3600, Grant: 3600, Interaction: 600, RefreshToken: 3600, Session: 600 },
});
server.on('request', provider.callback());
console.log(`listening on ${issuer}`);
