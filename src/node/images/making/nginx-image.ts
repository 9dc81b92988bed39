import { baseLayer } from './base-layer.ts';
import { busyboxPackage, busyboxTools } from './busybox-tools.ts';
import { ignoredPackages, type PackageImage } from './image-kitchen.ts';
import { directory, link, textFile } from './layer-entry.ts';
import { PackageTree } from './package-tree.ts';

const account = { name: 'nginx', id: 101, home: '/var/cache/nginx' };

const configuration = `user nginx;
worker_processes auto;
error_log /var/log/nginx/error.log notice;
pid /run/nginx.pid;

events {
  worker_connections 1024;
}

http {
  include /etc/nginx/mime.types;
  default_type application/octet-stream;
  access_log /var/log/nginx/access.log combined;
  sendfile on;
  keepalive_timeout 65;
  client_body_temp_path /var/cache/nginx/client;
  proxy_temp_path /var/cache/nginx/proxy;
  fastcgi_temp_path /var/cache/nginx/fastcgi;
  uwsgi_temp_path /var/cache/nginx/uwsgi;
  scgi_temp_path /var/cache/nginx/scgi;
  include /etc/nginx/conf.d/*.conf;
}
`;

const defaultSite = `server {
  listen 80;
  server_name localhost;
  location / {
    root /usr/share/nginx/html;
    index index.html;
  }
}
`;

const page = '<!doctype html>\n<title>nginx</title>\n<h1>nginx runs</h1>\n';

/** Debian's nginx, laid out as its users know it from containers: sites in /etc/nginx/conf.d, logs on stdout and stderr, SIGQUIT to drain. */
export const nginxImage: PackageImage = {
  name: 'nginx',
  image: 'stuurman.local/nginx:1',
  packages: ['nginx', busyboxPackage],
  ignored: ignoredPackages,
  ingredients: ['1', configuration, defaultSite, page],
  cook: async ({ processes, architecture, root }) => {
    const tree = new PackageTree(root);
    await tree.take('/usr/sbin/nginx');
    for (const name of ['mime.types', 'fastcgi_params', 'uwsgi_params', 'scgi_params', 'proxy_params']) {
      await tree.take(`/etc/nginx/${name}`);
    }
    return {
      names: [nginxImage.image],
      architecture,
      layers: [
        [
          ...baseLayer([account]),
          ...(await busyboxTools(processes, root)),
          ...tree.entries(),
          textFile('/etc/nginx/nginx.conf', configuration),
          textFile('/etc/nginx/conf.d/default.conf', defaultSite),
          textFile('/usr/share/nginx/html/index.html', page),
          directory('/var/lib/nginx', 0o755, account.id, account.id),
          directory('/var/log/nginx', 0o755, account.id, account.id),
          link('/var/log/nginx/access.log', '/dev/stdout'),
          link('/var/log/nginx/error.log', '/dev/stderr'),
        ],
      ],
      entrypoint: [],
      command: ['nginx', '-g', 'daemon off;'],
      // Ends after the requests at hand have been answered.
      stopSignal: 'SIGQUIT',
      exposedPorts: ['80/tcp'],
    };
  },
};
