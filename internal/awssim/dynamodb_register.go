package awssim

const dynamoDB = "DynamoDB"

func registerDynamoDB(r registry) {
	write(r, dynamoDB, createTable)
	write(r, dynamoDB, deleteTable)
	read(r, dynamoDB, describeTable)
	write(r, dynamoDB, updateTimeToLive)
	read(r, dynamoDB, describeTimeToLive)
	write(r, dynamoDB, updateContinuousBackups)
	read(r, dynamoDB, describeContinuousBackups)
	read(r, dynamoDB, getItem)
	write(r, dynamoDB, putItem)
	write(r, dynamoDB, updateItem)
	write(r, dynamoDB, deleteItem)
	read(r, dynamoDB, batchGetItem)
	read(r, dynamoDB, queryTable)
	write(r, dynamoDB, transactWriteItems)
}
