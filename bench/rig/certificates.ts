import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemNamespace } from "@heddle/mesh/identity/well-known.ts";
import { runTool } from "./tools.ts";

/** The peers' certificates: one P-256 root and one leaf for each end, as a mesh would give them. */
export interface Certificates {
  readonly bundle: string;
  /** The caller's proxy. `pem` is certificate and key in one file, as HAProxy wants it. */
  readonly caller: Leaf;
  /** The called one's proxy. Its DNS name is `callee.bench`. */
  readonly callee: Leaf;
  /** Who keeps what proxies record. */
  readonly control: Leaf;
}

export interface Leaf {
  /** Its only URI name. */
  readonly spiffeId: string;
  readonly certificate: string;
  readonly key: string;
  readonly pem: string;
}

/** Makes them in `folder` with openssl; valid for a day. Throws NotMeasured without openssl. */
export function makeCertificates(folder: string): Certificates {
  const bundle = join(folder, "root.pem");
  const rootKey = join(folder, "root.key");
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  runTool(
    ["openssl", "req", "-x509", ...newKey, "-days", "1", "-subj", "/CN=bench root"].concat(
      ["-keyout", rootKey, "-out", bundle],
      ["-addext", "keyUsage=critical,keyCertSign,cRLSign"],
    ),
  );
  const leaf = (name: string, namespace = "default"): Leaf => {
    const path = (suffix: string): string => join(folder, `${name}.${suffix}`);
    const [key, request, certificate, pem, extensions] = [
      path("key"),
      path("csr"),
      path("crt"),
      path("pem"),
      path("ext"),
    ];
    const spiffeId = `spiffe://bench/ns/${namespace}/sa/${name}`;
    writeFileSync(
      extensions,
      `subjectAltName=DNS:${name}.bench,URI:${spiffeId}\n` +
        "extendedKeyUsage=serverAuth,clientAuth\n",
    );
    runTool(["openssl", "req", ...newKey, "-subj", `/CN=${name}`, "-keyout", key, "-out", request]);
    runTool(
      ["openssl", "x509", "-req", "-in", request, "-CA", bundle, "-CAkey", rootKey].concat([
        "-CAcreateserial",
        "-days",
        "1",
        "-out",
        certificate,
        "-extfile",
        extensions,
      ]),
    );
    writeFileSync(pem, readFileSync(certificate, "utf8") + readFileSync(key, "utf8"), {
      mode: 0o600,
    });
    return { spiffeId, certificate, key, pem };
  };
  return {
    bundle,
    caller: leaf("caller"),
    callee: leaf("callee"),
    control: leaf("control", systemNamespace),
  };
}
