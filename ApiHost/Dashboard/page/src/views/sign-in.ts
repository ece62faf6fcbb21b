import { h } from '../dom';
import { signIn } from '../session';

/** Asks for a token; says why when one was refused. */
export function signInView(reason: string | null, done: () => void): HTMLElement {
  const input = h('input', { id: 'token', type: 'password', autocomplete: 'off', spellcheck: 'false', required: true, 'aria-describedby': 'token-hint' });
  const alert = h('p', { role: 'alert', class: 'problem', hidden: reason === null }, reason ?? '');
  const form = h('form', { submit: (event: Event) => {
    event.preventDefault();
    if (!input.value.trim()) return;
    signIn(input.value);
    done();
  } },
    h('label', { for: 'token' }, 'Token'),
    input,
    h('p', { id: 'token-hint', class: 'hint' }, 'A bearer token with the role admin. It is kept in this tab only.'),
    alert,
    h('button', { type: 'submit', class: 'primary' }, 'Sign in'));
  return h('main', { class: 'sign-in' },
    h('img', { src: 'dashboard/icon.svg', alt: '', width: 48, height: 48 }),
    h('h1', {}, 'Granary'),
    form,
    h('details', {}, h('summary', {}, 'Where is a token from?'),
      h('p', {}, 'On a developer\'s machine, ', h('code', {}, './run'), ' prints an address that has one. Elsewhere, from your identity provider, or from ', h('code', {}, 'granary token'), ' with the cluster\'s key:'),
      h('pre', { tabindex: 0 }, './granary token --role admin')));
}
