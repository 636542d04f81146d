import { nodeSql } from '../support/node-sql.ts'
import { describeStore } from './store-contract.ts'

describeStore('node:sqlite', async (body) => body(nodeSql()))
