declare module "virtual:readme/*"
