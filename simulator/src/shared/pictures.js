/** placeholder */
export const picture = () => Buffer.from('/9j/', 'base64');
