/**
 * The user of a key, and the key itself.
 */

/**
 * @param {import('../shared/state.js').Account} account
 * @param {import('./main.js').Context} context
 */
function describeUser(account, { library }) {
  const since = '2026-01-01T08:00:00.000Z';
  return {
    id: library.id('user', account.admin ? 0 : 1),
    email: account.admin ? 'admin@example.com' : 'bob@example.com',
    name: account.admin ? 'Admin' : 'Bob',
    profileImagePath: '',
    avatarColor: account.admin ? 'gray' : 'blue',
    profileChangedAt: since,
    storageLabel: account.admin ? 'admin' : null,
    shouldChangePassword: true,
    isAdmin: account.admin,
    createdAt: since,
    deletedAt: null,
    updatedAt: since,
    oauthId: '',
    quotaSizeInBytes: null,
    quotaUsageInBytes: 0,
    status: 'active',
    license: null,
  };
}

/** @param {import('../shared/state.js').Account} account */
function describeKey({ keyId, keyName, createdAt, permissions }) {
  return { id: keyId, name: keyName, createdAt, updatedAt: createdAt, permissions };
}

/** @type {import('./http_server.js').Route[]} */
export const accountRoutes = [
  {
    method: 'GET',
    path: '/api/users/me',
    permission: 'user.read',
    handle: ({ account }, context) => ({ json: account && describeUser(account, context) }),
  },
  {
    method: 'GET',
    path: '/api/api-keys/me',
    handle: ({ account }) => ({ json: account && describeKey(account) }),
  },
  {
    method: 'GET',
    path: '/api/api-keys',
    permission: 'apiKey.read',
    handle: ({ account }, { state }) => ({
      json: state.accounts.filter(({ admin }) => admin === account?.admin).map(describeKey),
    }),
  },
  {
    method: 'GET',
    path: '/api/notifications',
    permission: 'notification.read',
    handle: () => ({ json: [] }),
  },
];
