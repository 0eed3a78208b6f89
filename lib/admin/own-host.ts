/** Which `Host` headers mean the admin listener itself. */

const loopbackName = /^(?:localhost|[a-z0-9-]+\.localhost)$/i;
const loopbackAddress = /^127(?:\.[0-9]{1,3}){3}$/;

/**
 * Whether `host` is loopback or the listener's own `address`, with any port: a tunnel
 * (`ssh -L 9999:127.0.0.1:9180`) brings its own.
 */
export function isOwnHost(host: string | undefined, address: string): boolean {
  const name = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::[0-9]{1,5})?$/i.exec(host ?? '')?.[1] ?? '';
  const bare = name.replace(/^\[|\]$/g, '');
  return (
    loopbackName.test(name) || loopbackAddress.test(name) || bare === '::1' || bare === address
  );
}
