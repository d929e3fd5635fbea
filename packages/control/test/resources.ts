import type { Resource } from "@heddle/mesh/resource/meta.ts";

export function process(name: string, spec: object = {}): Resource {
  return {
    apiVersion: "heddle.dev/v1alpha1",
    kind: "Process",
    metadata: { name, labels: { app: name } },
    spec: { replicas: 1, command: ["true"], ports: [{ name: "http" }], ...spec },
  };
}

export function service(name: string, app = name): Resource {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name },
    spec: { selector: { app }, ports: [{ name: "http", port: 80, targetPort: "http" }] },
  };
}

export function placement(name: string, target: string, slots = 16): Resource {
  return {
    apiVersion: "heddle.dev/v1alpha1",
    kind: "Placement",
    metadata: { name },
    spec: {
      targetRefs: [{ group: "", kind: "Service", name: target }],
      key: { pathSegment: 1, type: "integer" },
      slots,
    },
  };
}
