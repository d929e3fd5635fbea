/** ` --mesh DIR`, to be put behind a command for people to type, as they typed it; empty where they typed none. */
export function formatMeshFlag(mesh: string | undefined): string {
  if (mesh === undefined) return "";
  const isPlain = /^[\w./@%+:,-]+$/.test(mesh);
  return ` --mesh ${isPlain ? mesh : `'${mesh.replaceAll("'", "'\\''")}'`}`;
}
