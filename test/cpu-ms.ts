/** That this process has computed for, in milliseconds: says the same on a machine that others keep busy. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
