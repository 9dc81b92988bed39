import { beginningLives } from './beginning-lives.ts';
import { endingLives } from './ending-lives.ts';
import type { Life } from './life.ts';
import { probeLives } from './probe-lives.ts';
import { refusalLives } from './refusal-lives.ts';

export const allLives: readonly Life[] = [...endingLives, ...beginningLives, ...probeLives, ...refusalLives];
