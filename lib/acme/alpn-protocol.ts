/** The ALPN name under which a CA comes to see a tls-alpn-01 challenge (RFC 8737 §4). */
export const acmeTlsProtocol = 'acme-tls/1';
