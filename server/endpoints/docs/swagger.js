// SPDX-License-Identifier: LGPL-2.1-or-later
// Starts Swagger UI on the page /docs. Without validatorUrl it would ask a server of its makers.
'use strict';

SwaggerUIBundle({ // eslint-disable-line no-undef
  url: 'openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  validatorUrl: null,
});
