/** For tests of rooms that must not know the types themselves. */
export { builtInSchema } from '../../src/resources/schema/schema-table.ts';
