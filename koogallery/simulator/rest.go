// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"context"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strconv"

	"github.com/koogate/koogate/koogallery/simulator/catalogue"

	"github.com/koogate/koogate/koogallery/judge"
)

const (
	defaultList = 200
	maxList     = 2000
	maxForm     = 4 << 10
)

// limitOf reads the parameter limit.
func limitOf(r *http.Request) int {
	n, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil || n < 1 {
		return defaultList
	}
	return min(n, maxList)
}

func (s *Simulator) getOrders(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{"orders": s.Orders(limitOf(r)), "shelf": s.Shelf()})
}

func (s *Simulator) getOrder(w http.ResponseWriter, r *http.Request) {
	o, err := s.Order(r.PathValue("id"))
	if err != nil {
		writeProblem(w, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"order": o, "calls": s.Calls(o.ID)})
}

func (s *Simulator) getCalls(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{"calls": s.recentCalls(r.URL.Query().Get("order"), limitOf(r))})
}

func (s *Simulator) getRequests(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{"requests": s.Requests(limitOf(r))})
}

func (s *Simulator) getUsage(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("instance")
	answer := map[string]any{"records": s.UsageRecords(id, limitOf(r)), "packages": s.PackageUses()}
	if id != "" {
		answer["totals"] = s.Billed(id)
	}
	writeJSON(w, http.StatusOK, answer)
}

func (s *Simulator) getBills(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{"bills": s.Bills(r.URL.Query().Get("instance"), limitOf(r))})
}

// postOrders places an order and opens it in the background: retries can take
// hours.
func (s *Simulator) postOrders(w http.ResponseWriter, r *http.Request) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		writeJSON(w, http.StatusUnsupportedMediaType, map[string]string{"error": "want application/json"})
		return
	}
	var body struct {
		Kind   string `json:"kind"`
		Family string `json:"family"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxForm)).Decode(&body); err != nil {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": `want {"kind":"period"}`})
		return
	}
	o, _, err := s.start(body.Family, body.Kind)
	if err != nil {
		writeProblem(w, err)
		return
	}
	writeJSON(w, http.StatusAccepted, map[string]any{"order": o})
}

// start places an order and opens it in the background, or notifies of it. An
// authorisation code is there at once.
func (s *Simulator) start(familyName, kindName string) (Order, <-chan struct{}, error) {
	family := judge.FamilySaasV2
	var err error
	if familyName != "" {
		if family, err = judge.ParseFamily(familyName); err != nil {
			return Order{}, nil, err
		}
	}
	kind, err := catalogue.ParseKind(kindName)
	if err != nil {
		return Order{}, nil, err
	}
	o, err := s.PlaceIn(family, kind)
	if err != nil {
		return Order{}, nil, err
	}
	done, err := s.background(func(ctx context.Context) {
		var err error
		switch family {
		case judge.FamilyLicenseCode:
		case judge.FamilyOrderNotify:
			_, err = s.Notify(ctx, o.ID)
		case judge.FamilySaasV2, judge.FamilySaasV1, judge.FamilyLicenseV1, judge.FamilyLicenseOnline, judge.FamilyKitV1, judge.FamilyKitV2:
			_, err = s.Open(ctx, o.ID)
		}
		if err != nil {
			s.cfg.Log.WarnContext(ctx, "order not opened", "order", o.ID, "err", err)
		}
	})
	return o, done, err
}

// writeProblem answers with an error of this package.
func writeProblem(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	switch {
	case errors.Is(err, catalogue.ErrKind), errors.Is(err, judge.ErrFamily):
		status = http.StatusBadRequest
	case errors.Is(err, ErrOrder):
		status = http.StatusNotFound
	case errors.Is(err, ErrOrderState), errors.Is(err, ErrRestart):
		status = http.StatusConflict
	case errors.Is(err, ErrFull), errors.Is(err, ErrClosed):
		status = http.StatusServiceUnavailable
	}
	writeJSON(w, status, map[string]string{"error": err.Error()})
}
