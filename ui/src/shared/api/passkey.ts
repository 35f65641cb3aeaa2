/** The browser's passkeys, spoken in the server's JSON (base64url for bytes). */
import type { components } from "@/generated/api";

type Json = NonNullable<components["schemas"]["FactorStepOut"]["passkey_options"]>;

/** True where this browser has passkeys at all; the server says whether this address may have them. */
export function hasPasskeys(): boolean {
  return typeof window.PublicKeyCredential === "function" && window.isSecureContext;
}

function bytesOf(text: unknown): ArrayBuffer {
  const plain = atob(String(text).replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0)).buffer;
}

function textOf(bytes: ArrayBuffer): string {
  const plain = String.fromCharCode(...new Uint8Array(bytes));
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function credentialsOf(list: unknown): PublicKeyCredentialDescriptor[] {
  return (Array.isArray(list) ? list : []).map((each: { id: string }) => ({
    type: "public-key",
    id: bytesOf(each.id),
  }));
}

/** The options that the browser takes, from the server's. */
export function readCreationOptions(json: Json): PublicKeyCredentialCreationOptions {
  const user = json.user as { id: string; name: string; displayName: string };
  return {
    ...(json as unknown as PublicKeyCredentialCreationOptions),
    challenge: bytesOf(json.challenge),
    user: { ...user, id: bytesOf(user.id) },
    excludeCredentials: credentialsOf(json.excludeCredentials),
  };
}

export function readRequestOptions(json: Json): PublicKeyCredentialRequestOptions {
  return {
    ...(json as unknown as PublicKeyCredentialRequestOptions),
    challenge: bytesOf(json.challenge),
    allowCredentials: credentialsOf(json.allowCredentials),
  };
}

function outer(credential: PublicKeyCredential): Json {
  return {
    id: credential.id,
    rawId: textOf(credential.rawId),
    type: credential.type,
    clientExtensionResults: {},
  };
}

/** Makes a passkey. null: the person closed the browser's dialog, or it has none. */
export async function createPasskey(json: Json): Promise<Json | null> {
  const made = await browserAnswer(() => navigator.credentials.create({ publicKey: readCreationOptions(json) }));
  if (!made) return null;
  const response = made.response as AuthenticatorAttestationResponse;
  return {
    ...outer(made),
    response: {
      clientDataJSON: textOf(response.clientDataJSON),
      attestationObject: textOf(response.attestationObject),
    },
  };
}

/** Signs with a passkey. null: the person closed the browser's dialog, or it has none that fits. */
export async function signWithPasskey(json: Json): Promise<Json | null> {
  const given = await browserAnswer(() => navigator.credentials.get({ publicKey: readRequestOptions(json) }));
  if (!given) return null;
  const response = given.response as AuthenticatorAssertionResponse;
  return {
    ...outer(given),
    response: {
      clientDataJSON: textOf(response.clientDataJSON),
      authenticatorData: textOf(response.authenticatorData),
      signature: textOf(response.signature),
      userHandle: response.userHandle ? textOf(response.userHandle) : null,
    },
  };
}

async function browserAnswer(call: () => Promise<Credential | null>): Promise<PublicKeyCredential | null> {
  try {
    return (await call()) as PublicKeyCredential | null;
  } catch (error) {
    if (error instanceof DOMException) return null; // cancelled, timed out, or known already
    throw error;
  }
}
