// SPDX-License-Identifier: Apache-2.0

// Shows the document that the same listener serves. No validator is asked: that would be another host.
SwaggerUIBundle({
  url: new URL("../openapi.yaml", window.location.href).href,
  dom_id: "#reference",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: -1,
  displayRequestDuration: true,
  filter: true,
  persistAuthorization: false,
  validatorUrl: null,
});
