/** What a canary token looks like (design §3). The sandbox only recognises canaries; it can neither make nor judge them. */
export const tokenPattern = /lcn1[a-z2-7]{47}0/;

export function holdsCanary(line: string): boolean {
  return tokenPattern.test(line);
}
