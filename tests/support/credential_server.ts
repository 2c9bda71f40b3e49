/**
 * A server of temporary credentials: the endpoint of a container, and STS.
 *
 * @module
 */

/** A request for credentials. */
export interface CredentialRequest {
  /** The path. */
  readonly path: string;
  /** The header `Authorization`. */
  readonly authorization: string | null;
  /** The form, of a request to STS. */
  readonly form: Readonly<Record<string, string>>;
}

/** Temporary credentials. */
export interface IssuedCredentials {
  /** The id of the access key. */
  readonly accessKeyId: string;
  /** The session token. */
  readonly sessionToken: string;
  /** When they expire, epoch milliseconds. */
  readonly expiresMs: number;
}

/** A running server. Disposing stops it. */
export interface CredentialServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** The received requests, in order. */
  readonly requests: readonly CredentialRequest[];
}

/** Starts a server that issues the credentials that `issue` returns; null makes it answer 403. */
export function startCredentialServer(issue: () => IssuedCredentials | null): CredentialServer {
  const requests: CredentialRequest[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const form = request.method === "POST"
        ? Object.fromEntries(new URLSearchParams(await request.text()))
        : {};
      const path = new URL(request.url).pathname;
      requests.push({ path, authorization: request.headers.get("authorization"), form });
      const issued = issue();
      if (issued === null) {
        return new Response(
          "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>",
          {
            status: 403,
          },
        );
      }
      return request.method === "POST" ? stsAnswer(issued) : containerAnswer(issued);
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    requests,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** As the API reference of STS shows it. */
function stsAnswer({ accessKeyId, sessionToken, expiresMs }: IssuedCredentials): Response {
  return new Response(
    `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleWithWebIdentityResult>
    <SubjectFromWebIdentityToken>amzn1.account.AF6RHO7KZU5XRVQJGXK6HB56KR2A</SubjectFromWebIdentityToken>
    <Credentials>
      <SessionToken>${sessionToken}</SessionToken>
      <SecretAccessKey>secret</SecretAccessKey>
      <Expiration>${new Date(expiresMs).toISOString()}</Expiration>
      <AccessKeyId>${accessKeyId}</AccessKeyId>
    </Credentials>
  </AssumeRoleWithWebIdentityResult>
</AssumeRoleWithWebIdentityResponse>`,
  );
}

/** As the documentation of ECS task roles shows it. */
function containerAnswer({ accessKeyId, sessionToken, expiresMs }: IssuedCredentials): Response {
  return Response.json({
    AccessKeyId: accessKeyId,
    SecretAccessKey: "secret",
    Token: sessionToken,
    Expiration: new Date(expiresMs).toISOString(),
    RoleArn: "arn:aws:iam::123456789012:role/task",
  });
}
