package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// server plans; it does no more.
type server struct {
	unused
	schema schema
}

func (s *server) GetMetadata(context.Context, *tfprotov5.GetMetadataRequest) (*tfprotov5.GetMetadataResponse, error) {
	out := &tfprotov5.GetMetadataResponse{}
	for name := range s.schema.Resources {
		out.Resources = append(out.Resources, tfprotov5.ResourceMetadata{TypeName: name})
	}
	for name := range s.schema.Data {
		out.DataSources = append(out.DataSources, tfprotov5.DataSourceMetadata{TypeName: name})
	}
	return out, nil
}

func (s *server) GetProviderSchema(context.Context, *tfprotov5.GetProviderSchemaRequest) (*tfprotov5.GetProviderSchemaResponse, error) {
	provider, err := s.schema.Provider.schema()
	if err != nil {
		return nil, fmt.Errorf("provider: %w", err)
	}
	out := &tfprotov5.GetProviderSchemaResponse{
		Provider: provider, ResourceSchemas: map[string]*tfprotov5.Schema{}, DataSourceSchemas: map[string]*tfprotov5.Schema{},
	}
	for name, b := range s.schema.Resources {
		if out.ResourceSchemas[name], err = b.schema(); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	for name, b := range s.schema.Data {
		if out.DataSourceSchemas[name], err = b.schema(); err != nil {
			return nil, fmt.Errorf("data %s: %w", name, err)
		}
	}
	return out, nil
}

// ValidateResourceTypeConfig refuses a value for what only AWS sets, as the real provider does; terraform itself checks
// the rest of the schema.
func (s *server) ValidateResourceTypeConfig(
	_ context.Context, in *tfprotov5.ValidateResourceTypeConfigRequest,
) (*tfprotov5.ValidateResourceTypeConfigResponse, error) {
	b := s.schema.Resources[in.TypeName]
	known, err := b.schema()
	if err != nil {
		return nil, err
	}
	set, err := b.unconfigurable(known.ValueType(), in.Config)
	if err != nil {
		return nil, fmt.Errorf("read the configuration of %s: %w", in.TypeName, err)
	}
	out := &tfprotov5.ValidateResourceTypeConfigResponse{}
	for _, name := range set {
		out.Diagnostics = append(out.Diagnostics, &tfprotov5.Diagnostic{
			Severity: tfprotov5.DiagnosticSeverityError, Summary: "Value for unconfigurable attribute",
			Detail:    "Can't configure a value for " + name + ": its value will be decided automatically.",
			Attribute: tftypes.NewAttributePath().WithAttributeName(name),
		})
	}
	return out, nil
}

func (s *server) PlanResourceChange(_ context.Context, in *tfprotov5.PlanResourceChangeRequest) (*tfprotov5.PlanResourceChangeResponse, error) {
	known, err := s.schema.Resources[in.TypeName].schema()
	if err != nil {
		return nil, err
	}
	planned, err := s.schema.Resources[in.TypeName].fill(known.ValueType(), in.ProposedNewState, resources[in.TypeName], tftypes.UnknownValue)
	if err != nil {
		return nil, fmt.Errorf("plan %s: %w", in.TypeName, err)
	}
	return &tfprotov5.PlanResourceChangeResponse{PlannedState: planned, UnsafeToUseLegacyTypeSystem: true}, nil
}

func (s *server) ReadDataSource(_ context.Context, in *tfprotov5.ReadDataSourceRequest) (*tfprotov5.ReadDataSourceResponse, error) {
	known, err := s.schema.Data[in.TypeName].schema()
	if err != nil {
		return nil, err
	}
	answers, ok := data[in.TypeName]
	if !ok {
		return nil, fmt.Errorf("read data source %s: the stub has no answer for it; add one to answers.go", in.TypeName)
	}
	state, err := s.schema.Data[in.TypeName].fill(known.ValueType(), in.Config, answers, nil)
	if err != nil {
		return nil, fmt.Errorf("read data source %s: %w", in.TypeName, err)
	}
	return &tfprotov5.ReadDataSourceResponse{State: state}, nil
}

func (s *server) ApplyResourceChange(context.Context, *tfprotov5.ApplyResourceChangeRequest) (*tfprotov5.ApplyResourceChangeResponse, error) {
	return nil, errors.New("apply: the stub provider plans only")
}
