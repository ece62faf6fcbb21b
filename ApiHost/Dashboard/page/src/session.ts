// Who looks. The token is kept for this tab only, and is sent to this host only.

const place = 'granary.token';

/** Takes the token out of the address, where a start message put it, so that it stays out of the history and of what is copied. */
export function takeTokenFromAddress(): void {
  const match = /^#token=(.+)$/.exec(location.hash);
  if (!match) return;
  sessionStorage.setItem(place, decodeURIComponent(match[1]!));
  history.replaceState(null, '', `${location.pathname}${location.search}#/overview`);
}

export const token = (): string | null => sessionStorage.getItem(place);

export function signIn(value: string): void {
  sessionStorage.setItem(place, value.trim().replace(/^bearer\s+/i, ''));
}

export function signOut(): void {
  sessionStorage.removeItem(place);
}

export interface Claims {
  subject?: string;
  expires?: number;
  roles: string[];
}

/** What the token says, for display and for the message when it expires; only the server judges it. */
export function claims(): Claims {
  try {
    const part = token()?.split('.')[1];
    if (!part) return { roles: [] };
    const bytes = Uint8Array.from(atob(part.replace(/-/g, '+').replace(/_/g, '/')), c => c.charCodeAt(0));
    const said = JSON.parse(new TextDecoder().decode(bytes)) as { sub?: unknown; exp?: unknown; roles?: unknown; role?: unknown };
    const roles = said.roles ?? said.role ?? [];
    return {
      subject: typeof said.sub === 'string' ? said.sub : undefined,
      expires: typeof said.exp === 'number' ? said.exp * 1000 : undefined,
      roles: (Array.isArray(roles) ? roles : [roles]).filter((r): r is string => typeof r === 'string'),
    };
  } catch {
    return { roles: [] };
  }
}
