package awssim

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// What DynamoDB asks IAM about: the table, or its index; for a transaction one question a write, as if it were made by
// itself. The conditions on keys and attributes are dynamodb:LeadingKeys and dynamodb:EnclosingOperation.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html

func (x *request) askTable(action string, name *string, index string, contexts ...map[string][]string) Check {
	arn := x.st.arn("dynamodb", x.Region, "table/"+aws.ToString(name))
	if index != "" {
		arn += "/index/" + index
	}
	return x.ask(action, arn, contexts...)
}

// leading is the condition key of the partition keys of items.
func (x *request) leading(name *string, items ...map[string]types.AttributeValue) map[string][]string {
	t, ok := x.dynamo().Tables[aws.ToString(name)]
	if !ok {
		return nil
	}
	var keys []string
	for _, i := range items {
		switch v := i[t.Key.Partition].(type) {
		case *types.AttributeValueMemberS:
			keys = append(keys, v.Value)
		case *types.AttributeValueMemberN:
			keys = append(keys, v.Value)
		}
	}
	return map[string][]string{"dynamodb:LeadingKeys": keys}
}

func decideDynamoDB(d decisions) {
	decide(d, dynamoDB, func(x *request, in *dynamodb.CreateTableInput) []Check {
		return []Check{x.askTable("", in.TableName, "")}
	})
	decide(d, dynamoDB, func(x *request, in *dynamodb.DeleteTableInput) []Check {
		return []Check{x.askTable("", in.TableName, "")}
	})
	decide(d, dynamoDB, func(x *request, in *dynamodb.DescribeTableInput) []Check {
		return []Check{x.askTable("", in.TableName, "")}
	})
	decide(d, dynamoDB, func(x *request, in *dynamodb.UpdateTimeToLiveInput) []Check {
		return []Check{x.askTable("", in.TableName, "")}
	})
	decide(d, dynamoDB, func(x *request, in *dynamodb.DescribeTimeToLiveInput) []Check {
		return []Check{x.askTable("", in.TableName, "")}
	})
	decide(d, dynamoDB, func(x *request, in *dynamodb.UpdateContinuousBackupsInput) []Check {
		return []Check{x.askTable("", in.TableName, "")}
	})
	decide(d, dynamoDB, func(x *request, in *dynamodb.DescribeContinuousBackupsInput) []Check {
		return []Check{x.askTable("", in.TableName, "")}
	})
	decideDynamoItems(d)
}

func decideDynamoItems(d decisions) {
	decide(d, dynamoDB, func(x *request, in *dynamodb.GetItemInput) []Check {
		return []Check{x.askTable("", in.TableName, "", x.leading(in.TableName, in.Key))}
	})
	decide(d, dynamoDB, func(x *request, in *dynamodb.PutItemInput) []Check {
		return []Check{x.askTable("", in.TableName, "", x.leading(in.TableName, in.Item))}
	})
	decide(d, dynamoDB, func(x *request, in *dynamodb.UpdateItemInput) []Check {
		return []Check{x.askTable("", in.TableName, "", x.leading(in.TableName, in.Key))}
	})
	decide(d, dynamoDB, func(x *request, in *dynamodb.DeleteItemInput) []Check {
		return []Check{x.askTable("", in.TableName, "", x.leading(in.TableName, in.Key))}
	})
	decide(d, dynamoDB, func(x *request, in *dynamodb.QueryInput) []Check {
		return []Check{x.askTable("", in.TableName, aws.ToString(in.IndexName))}
	})
	decide(d, dynamoDB, func(x *request, in *dynamodb.BatchGetItemInput) (out []Check) {
		for _, name := range sortedKeys(in.RequestItems) {
			out = append(out, x.askTable("", &name, "", x.leading(&name, in.RequestItems[name].Keys...)))
		}
		return out
	})
	decide(d, dynamoDB, func(x *request, in *dynamodb.TransactWriteItemsInput) (out []Check) {
		enclosing := map[string][]string{"dynamodb:EnclosingOperation": {"TransactWriteItems"}}
		for _, part := range in.TransactItems {
			action, name, i := partAction(part)
			out = append(out, x.askTable(action, name, "", enclosing, x.leading(name, i)))
		}
		return out
	})
}

// partAction is the action that a part of a transaction needs, on which table, and the item or key.
func partAction(part types.TransactWriteItem) (action string, table *string, i map[string]types.AttributeValue) {
	switch {
	case part.Put != nil:
		return "dynamodb:PutItem", part.Put.TableName, part.Put.Item
	case part.Update != nil:
		return "dynamodb:UpdateItem", part.Update.TableName, part.Update.Key
	case part.Delete != nil:
		return "dynamodb:DeleteItem", part.Delete.TableName, part.Delete.Key
	case part.ConditionCheck != nil:
		return "dynamodb:ConditionCheckItem", part.ConditionCheck.TableName, part.ConditionCheck.Key
	}
	return "", nil, nil
}
